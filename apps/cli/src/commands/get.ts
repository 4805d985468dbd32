import { Command, Option } from 'commander';
import { RejectedError } from '#kit';
import { withHub, type CliContext } from '../context.js';
import type { HubClient } from '../hub-client.js';
import { KINDS, withListing } from '../listings/find-listing.js';
import type { Filters, Listing } from '../listings/listing.js';
import { readPointed } from '../object-names.js';
import { outputOption, positive, sinceTime, watchOption } from '../options.js';
import { render, type Output } from '../print.js';
import { examples } from '../program.js';
import { watchEvents } from '../watch-events.js';
import { watchList } from '../watch-list.js';

interface Options extends Filters {
  readonly output: Output;
  readonly watch?: boolean;
}

const FILTERS = [
  ...(['selector', 'status', 'application', 'rollout', 'cluster', 'actor', 'since', 'until', 'limit'] as const),
];

export function get(context: CliContext): Command {
  return new Command('get')
    .description(
      `List objects, or show some by name. Kinds: ${KINDS.join(', ')}; singular and short words (app, cl, ro) do too.`,
    )
    .argument('<kind>', 'what to list; targets need the rollout whose targets they are')
    .argument('[names...]', 'only these')
    .addOption(outputOption())
    .option(
      '-l, --selector <selector>',
      'only clusters with these labels, as kubectl -l takes it; fact.KEY looks at facts',
    )
    .option('--application <name>', 'only of this application (releases, rollouts, events)')
    .option('--rollout <id>', 'only of this rollout (events)')
    .option('--cluster <name>', 'only of this cluster (events)')
    .option('--actor <name>', 'only of those whose name begins so, as token:ann or user: (events)')
    .addOption(new Option('--since <when>', 'from then on: 2h ago, or a time (events)').argParser(sinceTime))
    .addOption(new Option('--until <when>', 'before then: 1h ago, or a time (events)').argParser(sinceTime))
    .option('--status <status>', 'only in this state (clusters, rollouts, targets)')
    .addOption(new Option('--limit <count>', 'at most so many; events: the 50 newest').argParser(positive))
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla get clusters -l env=prod', 'clusters by label'],
        ['flotilla get clusters -l "fact.region in (eu-1,eu-2)" -o wide', 'clusters by fact'],
        ['flotilla get app web -o yaml', 'a document that applies again'],
        [
          `flotilla get clusters -o jsonpath='{.items[?(@.status.health=="failed")].metadata.name}'`,
          'as kubectl takes it',
        ],
        ['flotilla get rollouts --application web --watch', 'follow'],
        ['flotilla get targets web --status failed', 'clusters of a rollout'],
        ['flotilla get events --actor user: --since 12h', 'what did people do in the night?'],
      ]),
    )
    .action(async (word: string, words: string[], options: Options, command: Command) => {
      const { kind, names } = readPointed(word, words);
      await withListing(kind, (listing) => {
        checkFilters(listing, options);
        return withHub(command, context, (client) => show(listing, { client, context, names, options }));
      });
    });
}

interface Asked {
  readonly client: HubClient;
  readonly context: CliContext;
  readonly names: readonly string[];
  readonly options: Options;
}

function checkFilters<T>(listing: Listing<T>, options: Options): void {
  for (const filter of FILTERS) {
    if (options[filter] === undefined || listing.filters.includes(filter)) continue;
    throw new RejectedError('no-such-filter', `--${filter} does not go with ${listing.plural}.`);
  }
}

async function show<T>(listing: Listing<T>, { client, context, names, options }: Asked): Promise<void> {
  const read = readerOf(listing, client, names, options);
  const { output } = options;
  if (options.watch && listing.plural === 'events') return watchEvents(client, context, options, output);
  if (options.watch) return watchList(client, context, read, { shape: listing, output });
  const items = await read();
  const single = names.length === 1 && listing.namesAre === undefined;
  context.out(render(items, output, listing, { single, colours: context.colours }));
}

function readerOf<T>(
  listing: Listing<T>,
  client: HubClient,
  names: readonly string[],
  filters: Filters,
): () => Promise<T[]> {
  const { one, plural, namesAre } = listing;
  if (namesAre !== undefined) {
    const [owner] = names;
    if (owner === undefined || names.length > 1) {
      throw new RejectedError('no-owner', `Say whose: flotilla get ${plural} ${namesAre.toUpperCase()}.`);
    }
    return () => listing.list(client, { ...filters, [namesAre]: owner });
  }
  if (names.length === 0) return () => listing.list(client, filters);
  if (one === undefined)
    throw new RejectedError('no-names', `${plural} have no names: narrow them by --application or --rollout.`);
  return () => Promise.all(names.map((name) => one(client, name)));
}
