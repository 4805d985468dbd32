import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

export function pause(context: CliContext): Command {
  const command = new Command('pause')
    .description(
      'Stop a rollout from going on to more clusters. What is in flight finishes, unless --hard has its agents stop before their next object; nothing that runs is touched.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('--hard', 'agents stop before their next object, and go on with resume');
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla pause web --reason "looks slow"', 'stop here'],
        ['flotilla pause web --hard', 'stop in the middle of things'],
      ]),
    )
    .action((of: string, options: SteerOptions & { hard?: boolean }, self: Command) =>
      steer(context, self, { verb: 'pause', of, body: { hard: options.hard ?? false }, options }),
    );
}
