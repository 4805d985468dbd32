import { Command } from 'commander';
import type { SyncAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { plain, printAnswer, shortRevision } from '../print.js';
import { examples } from '../program.js';

/** Fetching a large repository and rendering it takes its time, ms. */
const SYNC_MS = 10 * 60_000;

export function sync(context: CliContext): Command {
  return new Command('sync')
    .description(
      'Look at a source now instead of at its interval, and tell what became of its commit. Ends with 1 when an application could not be rendered.',
    )
    .argument('<source>', 'name of a source')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla sync shop', 'after a push, for who cannot wait']]))
    .action(async (name: string, { output }: AnswerOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const answer = await client.post<SyncAnswer>(
          `/api/v1/sources/${part(name.replace(/^sources?\//, ''))}/sync`,
          {},
          SYNC_MS,
        );
        printAnswer(context, output, answer, syncText(answer));
        if (answer.errors.length > 0) context.exitCode = 1;
      });
    });
}

export function syncText({ source, revision, changed, releases, errors }: SyncAnswer): string {
  const lines = [
    `source/${source} is at ${shortRevision(revision)}${changed ? ', which is new' : ', as before'}`,
    ...releases.map(
      ({ application, release, rollout }) =>
        `application/${application} is at release ${release}${rollout ? `, rolled out by ${rollout}` : ''}`,
    ),
    ...errors.map(({ application, message }) => `application/${application} failed: ${plain(message)}`),
  ];
  return `${lines.join('\n')}\n`;
}
