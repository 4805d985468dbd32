import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

interface Options extends SteerOptions {
  readonly wave?: string;
  readonly plan?: string;
}

export function approve(context: CliContext): Command {
  const command = new Command('approve')
    .description(
      'Say yes at an approval gate: of the wave that waits for one, or of the one named. Not for a commit of your own.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('--wave <name>', 'for this wave, also before it waits')
    .option('--plan <digest>', 'only if the plan is still this one, as `rollout plan` showed it');
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla approve web --reason "canaries look well"', 'yes'],
        ['flotilla approve web --wave prod', 'ahead of time'],
      ]),
    )
    .action((of: string, options: Options, self: Command) =>
      steer(context, self, { verb: 'approve', of, body: wanted(options), options }),
    );
}

function wanted({ wave, plan }: Options): object {
  return { ...(wave !== undefined && { wave }), ...(plan !== undefined && { plan }) };
}
