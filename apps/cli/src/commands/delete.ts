import { Command } from 'commander';
import { RejectedError } from '#kit';
import { confirm } from '../confirm.js';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { nearest } from '../nearest.js';
import { readPointed } from '../object-names.js';
import { repeatedly } from '../options.js';
import { counted } from '../print.js';
import { examples } from '../program.js';
import { readDocuments } from '../read-documents.js';

interface Options {
  readonly filename?: readonly string[];
  readonly yes?: boolean;
  readonly ignoreNotFound?: boolean;
}

interface Doomed {
  readonly kind: string;
  readonly name: string;
}

/** What is declared as a document and taken off by a command of its own. */
const OTHERWISE: Readonly<Record<string, string>> = {
  hold: '`flotilla cluster unhold NAME`',
  pause: '`flotilla rollout resume APPLICATION`',
  freeze: '`flotilla unfreeze`',
};

/** What can be deleted, users before what they use, so that a file with both goes in one command. */
const KINDS = [
  { singular: 'application', plural: 'applications', short: 'app' },
  { singular: 'strategy', plural: 'strategies', short: 'strat' },
  { singular: 'policy', plural: 'policies', short: 'pol' },
  { singular: 'source', plural: 'sources', short: 'src' },
  { singular: 'cluster', plural: 'clusters', short: 'cl' },
  { singular: 'token', plural: 'tokens', short: 'tok' },
  { singular: 'fleet', plural: 'fleets', short: 'fl' },
] as const;

export function remove(context: CliContext): Command {
  return new Command('delete')
    .description('Delete objects by name or by file. What runs in the clusters stays there; nothing is withdrawn.')
    .argument('[kind]', `${KINDS.map(({ singular }) => singular).join(', ')}; or KIND/NAME`)
    .argument('[names...]', 'which')
    .option(
      '-f, --filename <file>',
      'what a file, a folder or - (standard input) declares; may be given again',
      repeatedly,
    )
    .option('--ignore-not-found', 'what is gone already is no failure')
    .option('-y, --yes', 'do not ask before a cluster is taken out')
    .addHelpText(
      'after',
      examples([
        ['flotilla delete application web', 'nothing enforces it any more; its objects stay'],
        ['flotilla delete -f fleet.yaml', 'everything that a file declares'],
      ]),
    )
    .action(async (kind: string | undefined, names: string[], options: Options, command: Command) => {
      const doomed = await listDoomed(kind, names, options, context);
      const clusters = doomed.filter((each) => each.kind === 'cluster').length;
      if (clusters > 0) {
        await confirm(
          context,
          options.yes ?? false,
          `This ends the registration of ${counted(clusters, 'cluster')}; what runs there stays as it is.`,
        );
      }
      await withHub(command, context, async (client) => {
        let failure: RejectedError | null = null;
        for (const { kind: each, name } of doomed) {
          try {
            await client.delete(`/api/v1/${pluralOf(each)}/${part(name)}`);
            context.out(`${each}/${name} deleted\n`);
          } catch (error) {
            if (!(error instanceof RejectedError)) throw error;
            if (options.ignoreNotFound && error.details?.['status'] === 404) continue;
            // One that can't go doesn't keep the others.
            if (failure) context.error(`${failure.message}\n`);
            failure = error;
          }
        }
        if (failure) throw failure;
      });
    });
}

async function listDoomed(
  word: string | undefined,
  words: readonly string[],
  { filename }: Options,
  context: CliContext,
): Promise<Doomed[]> {
  if (filename !== undefined) {
    if (word !== undefined) throw new RejectedError('usage', 'Give either names or -f, not both.');
    const documents = await readDocuments(filename, context);
    const all = documents.map(({ value }) => {
      const { kind, metadata } = value as { kind?: unknown; metadata?: { name?: unknown } };
      if (typeof kind !== 'string' || typeof metadata?.name !== 'string') {
        throw new RejectedError('bad-document', 'A document lacks kind or metadata.name: nothing was deleted.');
      }
      return { kind: singularOf(kind), name: metadata.name };
    });
    const rank = (kind: string): number => KINDS.findIndex(({ singular }) => singular === kind);
    return all.sort((a, b) => rank(a.kind) - rank(b.kind));
  }
  const { kind, names } = readPointed(word ?? '', words);
  if (word === undefined || names.length === 0) {
    throw new RejectedError('usage', 'Say what to delete: flotilla delete KIND NAME, or flotilla delete -f FILE.');
  }
  const singular = singularOf(kind);
  return names.map((name) => ({ kind: singular, name }));
}

function singularOf(word: string): string {
  const lower = word.toLowerCase();
  const found = KINDS.find(({ singular, plural, short }) => [singular, plural, short].some((each) => each === lower));
  if (found) return found.singular;
  const near = nearest(
    lower,
    KINDS.map(({ singular }) => singular),
  );
  const guess = near === null ? '.' : `; did you mean ${near}?`;
  const otherwise = Object.hasOwn(OTHERWISE, lower) ? OTHERWISE[lower] : undefined;
  if (otherwise !== undefined) throw new RejectedError('unknown-kind', `"${word}" is taken off by ${otherwise}.`);
  throw new RejectedError(
    'unknown-kind',
    `"${word}" can't be deleted${guess} Kinds are ${KINDS.map(({ singular }) => singular).join(', ')}.`,
  );
}

function pluralOf(kind: string): string {
  return KINDS.find(({ singular }) => singular === kind)?.plural ?? kind;
}
