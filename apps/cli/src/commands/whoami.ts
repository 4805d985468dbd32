import { Command } from 'commander';
import type { Whoami } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { answerOption, watchOption } from '../options.js';
import { examples } from '../program.js';
import { boundsText } from '../scope-options.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';

export function whoami(context: CliContext): Command {
  return new Command('whoami')
    .description('Tell whom the hub takes you for, what you may do where, and which hub that is.')
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla whoami', 'which token and which hub are in force?']]))
    .action(async (options: WatchOptions, command: Command) => {
      await withHub(command, context, (client) =>
        showAnswer(client, context, options, {
          read: () => client.get<Whoami>('/api/v1/whoami'),
          text: (answer) => whoamiText(answer, client.url),
        }),
      );
    });
}

function whoamiText({ actor, grants }: Whoami, url: string): string {
  const may = grants.map(({ role, scope }) => `the role ${role}${boundsText(scope)}`);
  if (may.length === 1) return `${actor} with ${may.join('')} at ${url}\n`;
  return `${actor} at ${url}, with\n${may.map((each) => `  ${each}\n`).join('')}`;
}
