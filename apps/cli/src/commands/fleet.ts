import { Command } from 'commander';
import type { FleetView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { follow } from '../follow.js';
import { healthText, rolloutText, rolloutTone, type FleetApplication } from '../listings/applications.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { counted, plain, printAnswer, shortRevision, table, type Column } from '../print.js';
import { examples } from '../program.js';
import { Screen } from '../screen.js';

export function fleet(context: CliContext): Command {
  return new Command('fleet')
    .description('Show the fleet at a glance: clusters, applications, what runs and what waits.')
    .addOption(answerOption())
    .option('-w, --watch', 'go on showing changes until Ctrl-C')
    .addHelpText(
      'after',
      examples([
        ['flotilla fleet', 'how is everything?'],
        ['flotilla fleet --watch', 'follow'],
        ['flotilla fleet -o json', 'for a script'],
      ]),
    )
    .action(async ({ output, watch }: AnswerOptions & { watch?: boolean }, command: Command) => {
      await withHub(command, context, async (client) => {
        const read = (): Promise<FleetView> => client.get<FleetView>('/api/v1/fleet');
        if (!watch) {
          const view = await read();
          return printAnswer(context, output, view, fleetText(view, context.colours));
        }
        const screen = new Screen(context);
        let last = '';
        try {
          for await (const view of follow(client, context, read, { signal: context.interrupted() })) {
            if (context.isTerminal && output === 'text') screen.draw(fleetText(view, context.colours));
            else if (JSON.stringify(view) !== last) {
              if (output === 'json') context.out(`${JSON.stringify(view)}\n`);
              else printAnswer(context, output, view, `${last === '' ? '' : '\n'}${fleetText(view, false)}`);
            }
            last = JSON.stringify(view);
          }
        } finally {
          screen.close();
        }
      });
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
