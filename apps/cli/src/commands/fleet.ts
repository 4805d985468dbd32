import { Command } from 'commander';
import type { FleetView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { healthText, rolloutText, rolloutTone, type FleetApplication } from '../listings/applications.js';
import { answerOption, watchOption } from '../options.js';
import { counted, plain, shortRevision, table, type Column } from '../print.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';

export function fleet(context: CliContext): Command {
  return new Command('fleet')
    .description('Show the fleet at a glance: clusters, applications, what runs and what waits.')
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla fleet', 'how is everything?'],
        ['flotilla fleet --watch', 'follow'],
        ['flotilla fleet -o json', 'for a script'],
      ]),
    )
    .action(async (options: WatchOptions, command: Command) => {
      await withHub(command, context, (client) =>
        showAnswer(client, context, options, { read: () => client.get<FleetView>('/api/v1/fleet'), text: fleetText }),
      );
    });
}

const columns: readonly Column<FleetApplication>[] = [
  { heading: 'APPLICATION', text: ({ name }) => name },
  { heading: 'HEALTHY', text: healthText },
  { heading: 'RELEASE', text: ({ release }) => (release === null ? '' : String(release)) },
  { heading: 'REVISION', text: ({ revision }) => shortRevision(revision) },
  {
    heading: 'ROLLOUT',
    text: rolloutText,
    tone: ({ rollout }) => rolloutTone(rollout?.state, rollout?.paused ?? false),
  },
  { heading: 'WHY', text: ({ holds }) => holds[0]?.message ?? '' },
];

export function fleetText({ clusters, healthy, applications, freeze }: FleetView, colours: boolean): string {
  const parts = [
    `${clusters.ready} ready`,
    `${clusters.offline} offline`,
    `${clusters.waiting} waiting to join`,
    ...(clusters.leaving > 0 ? [`${clusters.leaving} leaving`] : []),
    `${healthy} healthy`,
  ];
  const list =
    applications.length === 0 ? 'No applications are declared.\n' : table(applications, columns, { colours });
  const thaws = freeze?.until === undefined ? '' : ` until ${freeze.until}`;
  const frozen = freeze ? `Frozen by ${freeze.by}${thaws}: ${plain(freeze.reason)}\n` : '';
  return `${frozen}${counted(clusters.total, 'cluster')}: ${parts.join(', ')}\n\n${list}`;
}
