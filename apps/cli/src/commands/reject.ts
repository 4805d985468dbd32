import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

export function reject(context: CliContext): Command {
  const command = new Command('reject')
    .description(
      'Say no at an approval gate: the rollout holds until somebody resumes it or takes it back. It takes a reason, which stays in the history.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('--wave <name>', 'of this wave, also before it waits');
  return steerOptions(command, 'needs a reason')
    .addHelpText('after', examples([['flotilla reject web --reason "latency doubled"', 'no']]))
    .action((of: string, options: SteerOptions & { wave?: string }, self: Command) =>
      steer(context, self, {
        verb: 'reject',
        of,
        body: options.wave === undefined ? {} : { wave: options.wave },
        options,
      }),
    );
}
