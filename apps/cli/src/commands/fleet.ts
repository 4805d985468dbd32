import { Command } from 'commander';
import type { FleetView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { healthText, rolloutText, rolloutTone, type FleetApplication } from '../listings/applications.js';
import { answerOption, watchOption } from '../options.js';
import { counted, plain, shortRevision, table, type Column } from '../print.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';
import { fleetApply, fleetPlan, fleetStatus } from './fleet-files.js';

export function fleet(context: CliContext): Command {
  const command = new Command('fleet')
    .description(
      'Show the fleet at a glance: clusters, applications, what runs and what waits. With status, plan or apply: how it stands to the Git repository that declares it.',
    )
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla fleet', 'how is everything?'],
        ['flotilla fleet --watch', 'follow'],
        ['flotilla fleet -o json', 'for a script'],
        ['flotilla fleet plan', 'what would the newest commit of the fleet do?'],
      ]),
    )
    .action(async (options: WatchOptions, self: Command) => {
      await withHub(self, context, async (client) => {
        await showAnswer(client, context, options, {
          read: () => client.get<FleetView>('/api/v1/fleet'),
          text: fleetText,
        });
      });
    })
    // Else -o after `fleet plan` would be this one's.
    .enablePositionalOptions();
  for (const verb of [fleetStatus, fleetPlan, fleetApply]) command.addCommand(verb(context));
  return command;
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
