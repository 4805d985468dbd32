import { Command, Option } from 'commander';
import type { RollbacksAnswer } from '#contract';
import { RejectedError } from '#kit';
import { confirm } from '../confirm.js';
import { withHub, type CliContext } from '../context.js';
import { sinceTime } from '../options.js';
import { plain, printAnswer } from '../print.js';
import { examples } from '../program.js';
import { answerText, bare, postCommand, ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

interface Options extends SteerOptions {
  readonly withoutPrevious?: string;
  readonly all?: boolean;
  readonly since?: string;
  readonly yes?: boolean;
}

export function rollback(context: CliContext): Command {
  const command = new Command('rollback')
    .description(
      'Take the release of a rollout back, running or long ended: each cluster returns to the last release it passed. The release stays barred until it is lifted.',
    )
    .argument('[rollouts...]', `${ROLLOUT_ARGUMENT}; several applications at once need a reason`)
    .addOption(
      new Option('--without-previous <what>', 'what clusters do that have no release to return to').choices([
        'keep',
        'withdraw',
      ]),
    )
    .option('--all', 'of every application whose rollout runs; asks first')
    .addOption(
      new Option(
        '--since <when>',
        'with --all: also those that ended, whose rollout began since (2h, or a time)',
      ).argParser(sinceTime),
    )
    .option('-y, --yes', 'with --all: do not ask');
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla rollback web --reason "errors at checkout"', 'back to what worked'],
        ['flotilla rollback web shop --reason "bad base image"', 'two applications at once'],
        ['flotilla rollback --all --since 2h --reason "bad base image" --yes', 'everything that went out lately'],
      ]),
    )
    .action(async (names: string[], options: Options, self: Command) => {
      const { withoutPrevious, all, since } = options;
      const more = withoutPrevious === undefined ? {} : { withoutPrevious };
      const [one, ...others] = names;
      if (all ? one !== undefined : one === undefined) {
        throw new RejectedError('usage', 'Name rollouts or applications to take back, or give --all; one of the two.');
      }
      if (since !== undefined && !all) throw new RejectedError('usage', '--since goes with --all.');
      if (one !== undefined && others.length === 0) {
        await steer(context, self, { verb: 'rollback', of: one, body: more, options });
        return;
      }
      if (all && !options.dryRun) {
        const which = since === undefined ? 'whose rollout runs' : `whose rollout runs, or began since ${since}`;
        await confirm(context, options.yes ?? false, `This takes back the release of every application ${which}.`);
      }
      const which = all ? { all: true, ...(since !== undefined && { since }) } : { applications: names.map(bare) };
      await several(context, self, { ...which, ...more }, options);
    });
}

async function several(context: CliContext, self: Command, body: object, options: Options): Promise<void> {
  await withHub(self, context, async (client) => {
    const answer = await postCommand<RollbacksAnswer>(client, '/api/v1/rollbacks', options, body);
    printAnswer(context, options.output, answer, severalText(answer));
    if (answer.results.some(({ refused }) => refused !== undefined)) context.exitCode = 1;
  });
}

export function severalText({ results }: RollbacksAnswer): string {
  if (results.length === 0) return 'Nothing to take back: no rollout of the kind runs, or began since.\n';
  return results
    .map(({ application, answer, refused }) =>
      answer ? `${application}:\n${answerText(answer)}` : `${application}: refused: ${plain(refused?.message ?? '')}\n`,
    )
    .join('');
}
