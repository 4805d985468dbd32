import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { cancel } from './cancel.js';
import { lift } from './lift.js';
import { pause } from './pause.js';
import { resume } from './resume.js';
import { retry } from './retry.js';
import { rollback } from './rollback.js';
import { skip } from './skip.js';
import { start } from './start.js';
import { status } from './status.js';

/** Everything about rollouts in one place; what a person needs in the night is a verb of its own too. */
export function rollout(context: CliContext): Command {
  const command = new Command('rollout')
    .description(
      'Follow and steer rollouts. `flotilla get rollouts` lists them; all but status and start work without the word rollout, too.',
    )
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout status web --watch', 'follow the newest rollout of web to its end'],
        ['flotilla rollout start web --release 3', 'roll out a release'],
        ['flotilla rollout pause web', 'the same as flotilla pause web'],
      ]),
    );
  for (const verb of [status, start, pause, resume, retry, skip, rollback, cancel, lift])
    command.addCommand(verb(context));
  return command;
}
