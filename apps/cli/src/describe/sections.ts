import type { EventView } from '#contract';
import type { HubClient, Query } from '../hub-client.js';
import { events } from '../listings/events.js';
import { plain, table } from '../print.js';

/** `Name:  value` lines, aligned; what has no value is left out. */
export function facts(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length)) + 1;
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width)}  ${plain(value ?? '')}\n`).join('');
}

/** A heading with indented lines; nothing when there are none. */
export function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** A heading with an indented table; nothing without rows. */
export function tableSection<T>(title: string, items: readonly T[], ...how: TableHow<T>): string {
  if (items.length === 0) return '';
  return section(
    title,
    table(items, ...how)
      .replace(/\n$/, '')
      .split('\n'),
  );
}

type TableHow<T> = [columns: Parameters<typeof table<T>>[1], options?: Parameters<typeof table<T>>[2]];

/** The last ten events of something, oldest first. */
export async function eventSection(client: HubClient, query: Query): Promise<string> {
  const items = await client.all<EventView>('/api/v1/events', query, 10);
  return tableSection('Events', items.reverse(), events.columns);
}
