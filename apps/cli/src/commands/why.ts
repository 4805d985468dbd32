import { Command } from 'commander';
import type { Why } from '#contract';
import { RejectedError } from '#kit';
import { readPlace, type Place } from '../ask-cluster.js';
import { withHub, type CliContext } from '../context.js';
import { holdLines } from '../hold-lines.js';
import type { HubClient } from '../hub-client.js';
import { part } from '../listings/listing.js';
import { readPointed } from '../object-names.js';
import { answerOption, watchOption } from '../options.js';
import { plain } from '../print.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';

/** Words for what can be asked about, in the order in which a bare name is tried. */
const KINDS: Readonly<Record<string, 'applications' | 'rollouts' | 'clusters'>> = {
  application: 'applications',
  app: 'applications',
  rollout: 'rollouts',
  ro: 'rollouts',
  cluster: 'clusters',
  cl: 'clusters',
};
const TRIED = ['applications', 'rollouts', 'clusters'] as const;

export function why(context: CliContext): Command {
  return new Command('why')
    .description(
      'Say in one sentence why an application, a rollout, a cluster or one application on a cluster waits or how it ended; then the evidence, and what you can do.',
    )
    .argument('<name>', 'a name, or cluster/NAME, rollout/ID, application/NAME, CLUSTER/APPLICATION')
    .argument('[of]', 'the name, after a kind: why cluster NAME')
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla why web', 'an application: why is the new release not everywhere?'],
        ['flotilla why web-12', 'a rollout'],
        ['flotilla why cluster/eu-1', 'a cluster'],
        ['flotilla why eu-1/web', 'an application on a cluster'],
      ]),
    )
    .action(async (word: string, of: string | undefined, options: WatchOptions, command: Command) => {
      await withHub(command, context, (client) =>
        showAnswer(client, context, options, { read: () => ask(client, word, of), text: (answer) => whyText(answer) }),
      );
    });
}

async function ask(client: HubClient, word: string, of: string | undefined): Promise<Why> {
  const place = placeOf(word, of);
  if (place)
    return client.get<Why>(`/api/v1/why/clusters/${part(place.cluster)}/applications/${part(place.application)}`);
  const { kind, names } = readPointed(word, of === undefined ? [] : [of]);
  const [name, ...more] = names;
  if (name !== undefined) {
    const known = kindOf(kind);
    if (known === undefined || more.length > 0) {
      throw new RejectedError(
        'unknown-kind',
        `"${kind}" is nothing to ask about: use application/NAME, rollout/ID, cluster/NAME or CLUSTER/APPLICATION.`,
      );
    }
    return client.get<Why>(`/api/v1/why/${known}/${part(name)}`);
  }
  for (const each of TRIED) {
    try {
      return await client.get<Why>(`/api/v1/why/${each}/${part(word)}`);
    } catch (error) {
      if (!isNoSuch(error)) throw error;
    }
  }
  throw new RejectedError('not-found', `There is no application, rollout or cluster "${word}".`);
}

/** An application on a cluster, `eu-1/web`, also after the word for clusters; null: something else. What a kind is called is no cluster. */
function placeOf(word: string, of: string | undefined): Place | null {
  const [first = '', ...rest] = word.split('/');
  const kind = kindOf(first);
  if (kind === undefined && rest.length > 0 && of === undefined) return readPlace(word);
  if (kind !== 'clusters') return null;
  const inner = of ?? rest.join('/');
  return inner.includes('/') ? readPlace(inner) : null;
}

function kindOf(word: string): (typeof TRIED)[number] | undefined {
  return KINDS[word.toLowerCase().replace(/s$/, '')];
}

/** Not there, or a name that this kind can't have. */
function isNoSuch(error: unknown): boolean {
  return error instanceof RejectedError && (error.details?.['status'] === 404 || error.details?.['status'] === 400);
}

/** Sentence first, then holds, evidence, and what can be done. */
export function whyText({ sentence, holds, evidence, can }: Why, now = Date.now()): string {
  const block = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  return [
    `${plain(sentence)}\n`,
    block('It waits because', holdLines(holds, now)),
    block('Evidence', evidence.map(plain)),
    block('You can', can.map(plain)),
  ].join('');
}
