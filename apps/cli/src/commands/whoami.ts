import { Command } from 'commander';
import type { Whoami } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';

export function whoami(context: CliContext): Command {
  return new Command('whoami')
    .description('Tell whom the hub takes you for, and which hub that is.')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla whoami', 'which token and which hub are in force?']]))
    .action(async ({ output }: AnswerOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const answer = await client.get<Whoami>('/api/v1/whoami');
        printAnswer(context, output, answer, `${answer.actor} with the role ${answer.role} at ${client.url}\n`);
      });
    });
}
