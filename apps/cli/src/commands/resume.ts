import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { answerOption, reasonOption } from '../options.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, type SteerOptions } from '../steer.js';

export function resume(context: CliContext): Command {
  return new Command('resume')
    .description('Let a paused rollout go on.')
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('--accept', 'accept the clusters that failed or cannot be reached, and go on without them')
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla resume web', 'go on'],
        ['flotilla resume web --accept --reason "two old boxes"', 'go on in spite of failures'],
      ]),
    )
    .action((of: string, options: SteerOptions & { accept?: boolean }, command: Command) =>
      steer(context, command, { verb: 'resume', of, body: { accept: options.accept ?? false }, options }),
    );
}
