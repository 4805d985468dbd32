import { Command, Option } from 'commander';
import type { CliContext } from '../context.js';
import { positive } from '../options.js';
import { examples } from '../program.js';
import { steerApplication, steerOptions, type SteerOptions } from '../steer.js';

interface Options extends SteerOptions {
  readonly release?: number;
  readonly plan?: string;
  readonly skipDryRun?: true;
}

export function start(context: CliContext): Command {
  const command = new Command('start')
    .description('Roll out a release: the newest, or the one named.')
    .argument('<application>', 'name of the application')
    .addOption(new Option('--release <number>', 'which release; else the newest').argParser(positive))
    .option('--plan <digest>', 'only if the plan is still this one, as `rollout plan` showed it')
    .option('--skip-dry-run', 'do not have the API servers of the first wave try it before it begins');
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout plan web --release 3', 'who would get it, and when?'],
        ['flotilla rollout start web --release 3', 'roll out release 3 again'],
      ]),
    )
    .action((of: string, options: Options, self: Command) => {
      const { release, plan, skipDryRun } = options;
      const body = {
        ...(release !== undefined && { release }),
        ...(plan !== undefined && { plan }),
        ...(skipDryRun && { skipDryRun }),
      };
      return steerApplication(context, self, { verb: 'rollouts', of, body, options });
    });
}
