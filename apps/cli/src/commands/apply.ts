import { Command } from 'commander';
import type { ApplyAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { answerOption, reasonOption, repeatedly, type AnswerOptions } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { sendDocuments } from '../send-documents.js';

interface Options extends AnswerOptions {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export function apply(context: CliContext): Command {
  return new Command('apply')
    .description(
      'Create or change what files declare: Source, Application, Strategy, Policy, Fleet, the brakes Freeze, Hold and Pause, and the labels of a Cluster. All or nothing.',
    )
    .requiredOption('-f, --filename <file>', 'file, folder, or - for standard input; may be given again', repeatedly)
    .option('-R, --recursive', 'of a folder, take the folders in it, too')
    .option('--dry-run', 'check and tell, change nothing')
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla apply -f fleet.yaml', 'declare what a file says'],
        ['flotilla apply -f objects/ --dry-run', 'check a folder'],
        ['flotilla apply -R -f fleet/', 'what `flotilla export --to fleet/` wrote'],
        ['flotilla get app web -o yaml | flotilla apply -f -', 'changes nothing'],
      ]),
    )
    .action(async ({ filename, recursive, dryRun, reason, output }: Options, command: Command) => {
      await withHub(command, context, async (client) => {
        const answer: ApplyAnswer = await sendDocuments(client, context, filename, {
          ...{ dryRun: dryRun ?? false, reason, recursive },
        });
        const suffix = dryRun ? ' (dry run)' : '';
        const lines = answer.results.map(
          ({ kind, name, result }) => `${kind.toLowerCase()}/${name} ${result}${suffix}\n`,
        );
        printAnswer(context, output, answer, lines.join(''));
      });
    });
}
