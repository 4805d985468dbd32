import { Command, Option } from 'commander';
import type { HistoryLine } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { plain } from '../print.js';
import { examples } from '../program.js';
import { bare, ROLLOUT_ARGUMENT } from '../steer.js';

export function history(context: CliContext): Command {
  return new Command('history')
    .description('Tell everything that happened in a rollout, oldest first. The history is only ever added to.')
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .addOption(new Option('-o, --output <form>', 'text, or JSON lines').choices(['text', 'jsonl']).default('text'))
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout history web-12', 'what happened?'],
        ['flotilla rollout history web-12 -o jsonl > web-12.jsonl', 'keep it'],
      ]),
    )
    .action(async (of: string, { output }: { output: 'text' | 'jsonl' }, self: Command) => {
      await withHub(self, context, async (client) => {
        for await (const line of client.lines(`/api/v1/rollouts/${part(bare(of))}/history`)) {
          context.out(output === 'jsonl' ? `${line}\n` : historyText(JSON.parse(line) as HistoryLine));
        }
      });
    });
}

export function historyText({ at, event, message, actor, reason }: HistoryLine): string {
  const who = actor === undefined ? '' : ` (${actor}${reason === undefined ? '' : `: ${plain(reason)}`})`;
  return `${at}  ${event.padEnd(14)} ${plain(message)}${plain(who) === '' ? '' : ` ${plain(who)}`}\n`;
}
