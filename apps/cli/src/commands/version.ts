import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { readVersion } from '../read-version.js';

export function version(context: CliContext): Command {
  return new Command('version')
    .description('Print the version of this program and of the Node that runs it.')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla version -o json', 'for a script']]))
    .action(({ output }: AnswerOptions) => {
      const answer = { version: readVersion(), node: process.versions.node };
      printAnswer(context, output, answer, `flotilla ${answer.version} on Node ${answer.node}\n`);
    });
}
