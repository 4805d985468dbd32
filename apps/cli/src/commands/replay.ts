import { Command } from 'commander';
import type { ReplayAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { counted, plain, printAnswer } from '../print.js';
import { examples } from '../program.js';
import { bare, ROLLOUT_ARGUMENT } from '../steer.js';

export function replay(context: CliContext): Command {
  return new Command('replay')
    .description(
      'Take every logged event of a rollout again, from its start, and prove that the state comes out byte for byte as it is stored. Ends with 1 when it does not.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla rollout replay web-12', 'do the events tell the truth?']]))
    .action(async (of: string, { output }: AnswerOptions, self: Command) => {
      await withHub(self, context, async (client) => {
        const answer = await client.get<ReplayAnswer>(`/api/v1/rollouts/${part(bare(of))}/replay`);
        const verdict = answer.ok
          ? 'the stored state, byte for byte'
          : `something else than is stored: ${plain(answer.differs ?? '')}`;
        printAnswer(
          context,
          output,
          answer,
          `${answer.rollout}: ${counted(answer.steps, 'step')} taken again give ${verdict}\n`,
        );
        if (!answer.ok) context.exitCode = 1;
      });
    });
}
