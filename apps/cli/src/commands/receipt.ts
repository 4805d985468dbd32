import { Command } from 'commander';
import type { ReceiptView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { answerOption, watchOption } from '../options.js';
import { age, counted, plain, table, type Column } from '../print.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';
import { bare, ROLLOUT_ARGUMENT } from '../steer.js';

export function receipt(context: CliContext): Command {
  return new Command('receipt')
    .description(
      'Show what every cluster of a rollback runs now, by its agent’s own word, and which could not go back. Ends with 1 when there is one that could not.',
    )
    .argument('<rollback>', ROLLOUT_ARGUMENT)
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla rollout receipt web', 'is everybody off the bad release?']]))
    .action(async (of: string, options: WatchOptions, self: Command) => {
      await withHub(self, context, async (client) => {
        const view = await showAnswer(client, context, options, {
          read: () => client.get<ReceiptView>(`/api/v1/rollouts/${part(bare(of))}/receipt`),
          text: receiptText,
        });
        if (view !== null && view.couldNot.length > 0) context.exitCode = 1;
      });
    });
}

type Line = ReceiptView['clusters'][number];

const columns: readonly Column<Line>[] = [
  { heading: 'CLUSTER', text: ({ cluster }) => cluster },
  { heading: 'STATE', text: ({ state }) => state },
  { heading: 'WANTED', text: ({ wanted }) => (typeof wanted === 'string' ? wanted : `release ${wanted.release}`) },
  {
    heading: 'RUNS',
    text: ({ runs }) => (runs === null ? 'never said' : runs.release === null ? 'unknown' : `release ${runs.release}`),
  },
  { heading: 'GENERATION', text: ({ runs }) => (runs === null ? '' : String(runs.generation)) },
  { heading: 'BUNDLE', text: ({ runs }) => runs?.digest.slice(0, 12) ?? '' },
  { heading: 'SAID', text: ({ runs }) => (runs === null ? '' : `${age(runs.at)} ago`) },
];

export function receiptText(view: ReceiptView, colours: boolean): string {
  const could = view.clusters.length - view.couldNot.length;
  const failed = view.couldNot.map(({ cluster, why }) => `  ${cluster}: ${plain(why)}\n`);
  return [
    `${view.rollout} takes release ${view.release} of ${view.application} back, ${view.state}: ${could} of ${counted(view.clusters.length, 'cluster')} went back\n\n`,
    view.clusters.length === 0 ? '' : table(view.clusters, columns, { colours }),
    failed.length === 0 ? '' : `\nCould not\n${failed.join('')}`,
  ].join('');
}
