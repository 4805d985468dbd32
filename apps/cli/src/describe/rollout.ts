import type { RolloutView, TargetView, Why } from '#contract';
import type { HubClient } from '../hub-client.js';
import { part } from '../listings/listing.js';
import { targets } from '../listings/targets.js';
import { plain } from '../print.js';
import { statusText } from '../rollout-text.js';
import { eventSection, facts, section, tableSection } from './sections.js';

/** So many clusters in trouble are listed, by state. */
const SHOWN = 20;

export async function describeRollout(client: HubClient, name: string, colours: boolean): Promise<string> {
  const view = await client.get<RolloutView>(`/api/v1/rollouts/${part(name)}`);
  const inState = (state: string): Promise<TargetView[]> =>
    client.all<TargetView>(`/api/v1/rollouts/${part(view.id)}/targets`, { state }, SHOWN);
  const [why, failed, deferred, events] = await Promise.all([
    client.get<Why>(`/api/v1/why/rollouts/${part(view.id)}`),
    inState('failed'),
    inState('deferred'),
    eventSection(client, { application: view.application, rollout: view.id }),
  ]);
  const more = (state: 'failed' | 'deferred'): string =>
    view.counts[state] > SHOWN
      ? `  … ${view.counts[state] - SHOWN} more: flotilla get targets ${view.id} --status ${state}\n`
      : '';
  return [
    statusText(view, colours),
    '\n',
    facts([
      ['Started', `${view.startedAt} by ${view.startedBy}`],
      ['Reason', view.reason],
      ['Ended', view.endedAt && `${view.endedAt}${view.endedBy ? ` by ${view.endedBy}` : ''}`],
      ['Revision', view.revision],
    ]),
    section('Warnings', view.warnings.map(plain)),
    tableSection('Clusters that failed', failed, targets.columns, { colours }),
    more('failed'),
    tableSection('Clusters put off as unreachable', deferred, targets.columns, { colours }),
    more('deferred'),
    section('You can', why.can),
    events,
  ].join('');
}
