import { Command, Option } from 'commander';
import { RejectedError } from '#kit';
import type { CliContext } from '../context.js';
import { positive } from '../options.js';
import { examples } from '../program.js';
import { steerApplication, steerOptions, type SteerOptions } from '../steer.js';

export function lift(context: CliContext): Command {
  const command = new Command('lift')
    .description('Allow a release that was rolled back to be rolled out again.')
    .argument('<application>', 'name of the application')
    .argument('[release]', 'number of the release, as --release', positive)
    .addOption(new Option('--release <number>', 'number of the release').argParser(positive));
  return steerOptions(command)
    .addHelpText('after', examples([['flotilla lift web --release 3', 'it was not its fault']]))
    .action(
      async (of: string, word: number | undefined, options: SteerOptions & { release?: number }, self: Command) => {
        const release = options.release ?? word;
        if (release === undefined) {
          throw new RejectedError(
            'usage',
            `Say which release: flotilla lift ${of} --release NUMBER; flotilla get releases --application ${of} shows what is barred.`,
          );
        }
        await steerApplication(context, self, { verb: 'lift', of, body: { release }, options });
      },
    );
}
