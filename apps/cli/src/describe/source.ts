import { holdLines } from '../hold-lines.js';
import type { HubClient } from '../hub-client.js';
import { applications } from '../listings/applications.js';
import { sources } from '../listings/sources.js';
import { facts, section, tableSection } from './sections.js';

export async function describeSource(client: HubClient, name: string, colours: boolean): Promise<string> {
  const [source, rows] = await Promise.all([sources.one?.(client, name), applications.list(client, {})]);
  const status = source?.status;
  return [
    facts([
      ['Source', name],
      ['URL', source?.spec.url],
      ['Ref', source?.spec.ref],
      ['Interval', source?.spec.interval],
      ['Revision', status?.revision],
      ['Subject', status?.subject],
      ['Author', status?.author],
      ['Committed', status?.committedAt],
    ]),
    section('It waits because', holdLines(status?.holds ?? [])),
    tableSection(
      'Applications',
      rows.filter(({ object }) => object.spec.source === name),
      applications.columns,
      { colours },
    ),
  ].join('');
}
