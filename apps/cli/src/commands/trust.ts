import { Argument, Command, Option } from 'commander';
import { ROTATABLE, type Rotatable, type TrustFinishRequest, type TrustView } from '#contract';
import { RejectedError } from '#kit';
import { confirm } from '../confirm.js';
import { withHub, type CliContext } from '../context.js';
import type { HubClient } from '../hub-client.js';
import { answerOption, reasonOption, watchOption, type AnswerOptions } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';
import { trustText } from '../trust-text.js';

export function trust(context: CliContext): Command {
  return new Command('trust')
    .description(
      'Show whom agents believe: the key that signs manifests and the authority of what the hub and the bus show, what is being rotated, and which clusters that waits for.',
    )
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla trust', 'what is in force, and what does a rotation wait for?'],
        ['flotilla trust --watch', 'follow a rotation'],
        ['flotilla trust rotate manifest-key --reason yearly', 'another key, without anybody noticing'],
      ]),
    )
    .action(async (options: WatchOptions, command: Command) => {
      const read = (client: HubClient) => (): Promise<TrustView> => client.get<TrustView>('/api/v1/trust');
      await withHub(command, context, (client) =>
        showAnswer(client, context, options, { read: read(client), text: (view) => trustText(view) }),
      );
    })
    .addCommand(rotate(context))
    .addCommand(finish(context));
}

interface RotateOptions extends AnswerOptions {
  readonly reason?: string;
}

function rotate(context: CliContext): Command {
  return new Command('rotate')
    .description(
      'Make another key or authority and tell agents of it. It is used once every cluster holds it, and the one before is told no more after that: a cluster that is offline is waited for.',
    )
    .addArgument(new Argument('<what>', 'what to rotate').choices([...ROTATABLE]))
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla trust rotate manifest-key', 'the key that signs manifests'],
        ['flotilla trust rotate ca --reason "laptop lost"', 'the authority of the hub and the bus'],
      ]),
    )
    .action(async (what: Rotatable, { reason, output }: RotateOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const body = { what, ...(reason !== undefined && { reason }) };
        const view = await client.post<TrustView>('/api/v1/trust/rotate', body);
        printAnswer(context, output, view, trustText(view));
      });
    });
}

interface FinishOptions extends RotateOptions {
  readonly without?: string;
  readonly all?: true;
  readonly yes?: boolean;
}

function finish(context: CliContext): Command {
  return new Command('finish')
    .description(
      'Let a rotation go on without clusters that do not come back. They believe nothing that the hub says from then on, keep what they run, and must be joined again: `flotilla cluster token NAME`.',
    )
    .addOption(new Option('--without <names>', 'clusters, separated by commas'))
    .addOption(new Option('--all', 'every cluster that is waited for'))
    .addOption(new Option('-y, --yes', 'do not ask'))
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla trust finish --without store-17,store-42', 'wait for these no more'],
        ['flotilla trust finish --all --yes', 'in a script'],
      ]),
    )
    .action(async ({ without, all, yes, reason, output }: FinishOptions, command: Command) => {
      if ((without === undefined) === (all === undefined)) {
        throw new RejectedError('bad-argument', 'Give --without NAMES or --all, and not both.');
      }
      await withHub(command, context, async (client) => {
        const view = await client.get<TrustView>('/api/v1/trust');
        const names = without?.split(',').map((name) => name.trim());
        const who = names?.join(', ') ?? (view.behind.map(({ name }) => name).join(', ') || 'none');
        const more = names === undefined && view.behindCount > view.behind.length ? ' and more' : '';
        await confirm(context, yes === true, `These must be joined again afterwards: ${who}${more}.`);
        const body: TrustFinishRequest = {
          ...(names === undefined ? { all: true } : { without: names }),
          ...(reason !== undefined && { reason }),
        };
        const after = await client.post<TrustView>('/api/v1/trust/finish', body);
        printAnswer(context, output, after, trustText(after));
      });
    });
}
