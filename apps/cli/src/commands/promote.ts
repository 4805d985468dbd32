import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

export function promote(context: CliContext): Command {
  const command = new Command('promote')
    .description(
      'Go on early: end the present soak, or open the schedule that the present wave waits for. Health and approvals are waited for all the same.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT);
  return steerOptions(command)
    .addHelpText('after', examples([['flotilla promote web --reason "seen enough"', 'end the soak']]))
    .action((of: string, options: SteerOptions, self: Command) =>
      steer(context, self, { verb: 'promote', of, options }),
    );
}
