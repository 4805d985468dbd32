import { Command, Option } from 'commander';
import type { FreezeAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { untilTime } from '../options.js';
import { plain, printAnswer } from '../print.js';
import { examples } from '../program.js';
import { changesText, postCommand, steerOptions, type SteerOptions } from '../steer.js';

export function freeze(context: CliContext): Command {
  const command = new Command('freeze')
    .description(
      'Freeze the fleet: no wave opens and nothing new is assigned, until it is lifted. What is in flight finishes; rollbacks go on.',
    )
    .addOption(new Option('--until <when>', 'thaws by itself then: 2h, or a time').argParser(untilTime));
  return steerOptions(command, 'needs a reason')
    .addHelpText(
      'after',
      examples([
        ['flotilla freeze --reason "Black Friday" --until 2030-12-01T08:00:00Z', 'nothing new until then'],
        ['flotilla unfreeze', 'go on'],
      ]),
    )
    .action((options: SteerOptions & { until?: string }, self: Command) =>
      sendFreeze(context, self, 'freeze', options, options.until === undefined ? {} : { until: options.until }),
    );
}

/** Freezes or thaws, and tells what that did. */
export async function sendFreeze(
  context: CliContext,
  self: Command,
  verb: 'freeze' | 'unfreeze',
  options: SteerOptions,
  body: object,
): Promise<void> {
  await withHub(self, context, async (client) => {
    const answer = await postCommand<FreezeAnswer>(client, `/api/v1/${verb}`, options, body);
    const text = `${changesText(answer.changes, answer.dryRun)}${plain(answer.message)}\n`;
    printAnswer(context, options.output, answer, text);
  });
}
