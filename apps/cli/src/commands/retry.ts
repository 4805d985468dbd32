import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { severally } from '../options.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

export function retry(context: CliContext): Command {
  const command = new Command('retry')
    .description('Try clusters that failed, were put off or skipped again: all of them, or those named.')
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('--cluster <name>', 'only this one; may be given again', severally);
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla retry web', 'everything that failed'],
        ['flotilla retry web --cluster eu-1 --cluster eu-2', 'these two'],
      ]),
    )
    .action((of: string, options: SteerOptions & { cluster?: string[] }, self: Command) =>
      steer(context, self, {
        verb: 'retry',
        of,
        body: options.cluster === undefined ? {} : { clusters: options.cluster },
        options,
      }),
    );
}
