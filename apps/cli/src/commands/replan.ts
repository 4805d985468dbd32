import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

export function replan(context: CliContext): Command {
  const command = new Command('replan')
    .description(
      'Plan the rest of a running rollout anew: labels, membership and strategy as they are now. Only clusters whose turn has not come move; approvals of waves that change are void.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT);
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout replan web --dry-run', 'what would move?'],
        ['flotilla rollout replan web --reason "eu-3 is prod now"', 'move it'],
      ]),
    )
    .action((of: string, options: SteerOptions, self: Command) =>
      steer(context, self, { verb: 'replan', of, options }),
    );
}
