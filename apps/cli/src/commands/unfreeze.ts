import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { steerOptions, type SteerOptions } from '../steer.js';
import { sendFreeze } from './freeze.js';

export function unfreeze(context: CliContext): Command {
  return steerOptions(new Command('unfreeze').description('Lift the freeze of the fleet: what waited goes on.'))
    .addHelpText('after', examples([['flotilla unfreeze --reason "sale is over"', 'go on']]))
    .action((options: SteerOptions, self: Command) => sendFreeze(context, self, 'unfreeze', options, {}));
}
