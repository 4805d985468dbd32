import { Command } from 'commander';
import type { Whoami } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { boundsText } from '../scope-options.js';

export function whoami(context: CliContext): Command {
  return new Command('whoami')
    .description('Tell whom the hub takes you for, what you may do where, and which hub that is.')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla whoami', 'which token and which hub are in force?']]))
    .action(async ({ output }: AnswerOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const answer = await client.get<Whoami>('/api/v1/whoami');
        printAnswer(context, output, answer, whoamiText(answer, client.url));
      });
    });
}

function whoamiText({ actor, grants }: Whoami, url: string): string {
  const may = grants.map(({ role, scope }) => `the role ${role}${boundsText(scope)}`);
  if (may.length === 1) return `${actor} with ${may.join('')} at ${url}\n`;
  return `${actor} at ${url}, with\n${may.map((each) => `  ${each}\n`).join('')}`;
}
