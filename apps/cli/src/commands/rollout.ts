import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { approve } from './approve.js';
import { cancel } from './cancel.js';
import { history } from './history.js';
import { lift } from './lift.js';
import { pause } from './pause.js';
import { plan } from './plan.js';
import { promote } from './promote.js';
import { receipt } from './receipt.js';
import { rehearse } from './rehearse.js';
import { reject } from './reject.js';
import { replan } from './replan.js';
import { replay } from './replay.js';
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
      'Plan, follow and steer rollouts. `flotilla get rollouts` lists them; what a person needs in the night works without the word rollout, too.',
    )
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout status web --watch', 'follow the newest rollout of web to its end'],
        ['flotilla rollout plan web', 'what would the newest release do?'],
        ['flotilla rollout start web --release 3', 'roll out a release'],
        ['flotilla rollout pause web', 'the same as flotilla pause web'],
      ]),
    );
  const looking = [status, plan, rehearse, receipt, history, replay];
  const steering = [start, pause, resume, approve, reject, promote, retry, skip, replan, rollback, cancel, lift];
  for (const verb of [...looking, ...steering]) command.addCommand(verb(context));
  return command;
}
