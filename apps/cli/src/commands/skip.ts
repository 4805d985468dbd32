import { Command } from 'commander';
import { RejectedError } from '#kit';
import type { CliContext } from '../context.js';
import { severally } from '../options.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

interface Options extends SteerOptions {
  readonly cluster?: string[];
  readonly wave?: string;
}

export function skip(context: CliContext): Command {
  const command = new Command('skip')
    .description(
      'Go on without certain clusters, or without a whole wave. It takes a reason, which stays in the history.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('--cluster <name>', 'which; may be given again', severally)
    .option('--wave <name>', 'everything of this wave that has not passed; its gates and soak are not waited for');
  return steerOptions(command, 'needs a reason')
    .addHelpText(
      'after',
      examples([
        ['flotilla skip web --cluster eu-1 --reason "being rebuilt"', 'leave eu-1 out'],
        ['flotilla skip web --wave lab --reason "lab is down"', 'give the wave up'],
      ]),
    )
    .action((of: string, options: Options, self: Command) => {
      const { cluster, wave } = options;
      if ((cluster === undefined) === (wave === undefined)) {
        throw new RejectedError(
          'usage',
          'Say what to skip: --cluster NAME (may be given again), or --wave NAME; one of the two.',
        );
      }
      const body = wave === undefined ? { clusters: cluster } : { wave };
      return steer(context, self, { verb: 'skip', of, body, options });
    });
}
