import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { answerOption, severally } from '../options.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, type SteerOptions } from '../steer.js';

export function skip(context: CliContext): Command {
  return new Command('skip')
    .description('Go on without certain clusters. It takes a reason, which stays in the history.')
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .requiredOption('--cluster <name>', 'which; may be given again', severally)
    .requiredOption('--reason <text>', 'why; kept in the history')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla skip web --cluster eu-1 --reason "being rebuilt"', 'leave eu-1 out']]))
    .action((of: string, options: SteerOptions & { cluster: string[] }, command: Command) =>
      steer(context, command, { verb: 'skip', of, body: { clusters: options.cluster }, options }),
    );
}
