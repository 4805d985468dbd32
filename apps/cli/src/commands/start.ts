import { Command, Option } from 'commander';
import type { CliContext } from '../context.js';
import { answerOption, positive, reasonOption } from '../options.js';
import { examples } from '../program.js';
import { steerApplication, type SteerOptions } from '../steer.js';

export function start(context: CliContext): Command {
  return new Command('start')
    .description('Roll out a release: the newest, or the one named.')
    .argument('<application>', 'name of the application')
    .addOption(new Option('--release <number>', 'which release; else the newest').argParser(positive))
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla rollout start web --release 3', 'roll out release 3 again']]))
    .action((of: string, options: SteerOptions & { release?: number }, command: Command) => {
      const body = options.release === undefined ? {} : { release: options.release };
      return steerApplication(context, command, { verb: 'rollouts', of, body, options });
    });
}
