import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

export function resume(context: CliContext): Command {
  const command = new Command('resume')
    .description('Let a paused rollout go on.')
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('--accept', 'accept what failed, cannot be reached or would be deleted, as it is, and go on');
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla resume web', 'go on'],
        ['flotilla resume web --accept --reason "two old boxes"', 'go on in spite of failures'],
      ]),
    )
    .action((of: string, options: SteerOptions & { accept?: boolean }, self: Command) =>
      steer(context, self, { verb: 'resume', of, body: { accept: options.accept ?? false }, options }),
    );
}
