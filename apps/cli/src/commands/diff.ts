import { Command, Option } from 'commander';
import type { ApplyResult, BundleDiff, ReleaseView } from '#contract';
import { unifiedDiff } from '#domain';
import { RejectedError } from '#kit';
import { askCluster, caveatOf, readPlace } from '../ask-cluster.js';
import { bundleDiffText } from '../bundle-diff-text.js';
import { withHub, type CliContext } from '../context.js';
import type { HubClient } from '../hub-client.js';
import { liveDiffErrors, liveDiffText } from '../live-diff-text.js';
import { part } from '../listings/listing.js';
import { answerOption, positive, repeatedly, watchOption } from '../options.js';
import { painted, plain, toYaml, type Tone } from '../print.js';
import { examples } from '../program.js';
import { sendDocuments } from '../send-documents.js';
import { bare } from '../steer.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';

/** Large bundles take the hub some seconds, and others may come before. */
const RELEASES_TIMEOUT_MS = 120_000;

interface Options extends WatchOptions {
  readonly filename?: readonly string[];
  readonly from?: number;
  readonly to?: number;
}

export function diff(context: CliContext): Command {
  return new Command('diff')
    .description(
      "Show what apply would change at the hub, what Git would change in a cluster, or what differs between two releases, as a unified diff. A cluster's agent is asked: it compares " +
        'what is there with what the API server would make of it; ignored differences are left out, and values of Secrets are marks that are equal where the values are. ' +
        'Ends with 0 when nothing would change, 1 when something would, 2 on an error.',
    )
    .argument(
      '[compared]',
      'CLUSTER/APPLICATION: what Git would change there; APPLICATION with --from: what differs between its releases',
    )
    .option('-f, --filename <file>', 'file, folder, or - for standard input; may be given again', repeatedly)
    .addOption(new Option('--from <release>', 'of an application: what differs from this release').argParser(positive))
    .addOption(new Option('--to <release>', 'to this one; else the newest').argParser(positive))
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla diff -f fleet.yaml', 'what would apply change?'],
        ['flotilla diff -f objects/ || echo "not applied yet"', 'in a script'],
        ['flotilla diff eu-1/web', 'what differs in the cluster from Git?'],
        ['flotilla diff eu-1/web -o json', 'both states of each object'],
        ['flotilla diff web --from 3 --to 5', 'what differs between two releases, and for whom?'],
        ['flotilla diff web --from 3', '… and the newest one?'],
      ]),
    )
    .action(async (word: string | undefined, { filename, from, to, ...options }: Options, command: Command) => {
      if (from !== undefined || to !== undefined) {
        const asked = { application: applicationOf(word, { filename, from }), from: from ?? 0, to };
        return withHub(command, context, (client) => diffReleases(client, context, asked, options));
      }
      if ((word === undefined) === (filename === undefined)) {
        throw new RejectedError(
          'usage',
          'Give files by -f FILE, a place as CLUSTER/APPLICATION, or an application with --from RELEASE: one of the three.',
        );
      }
      if (word !== undefined) {
        const place = readPlace(word);
        return withHub(command, context, (client) => diffLive(client, context, place, options));
      }
      if (options.output !== 'text' || options.watch) {
        throw new RejectedError(
          'usage',
          '-o and --watch go with CLUSTER/APPLICATION and with releases: what files would change is told once, as text.',
        );
      }
      await withHub(command, context, async (client) => {
        const { results } = await sendDocuments(client, context, filename ?? [], { dryRun: true });
        print(context, results.map(diffOf).join(''));
      });
    });
}

/** Of `diff APPLICATION --from RELEASE`. */
function applicationOf(word: string | undefined, { filename, from }: Pick<Options, 'filename' | 'from'>): string {
  const name = word === undefined ? '' : bare(word);
  if (name !== '' && !name.includes('/') && filename === undefined && from !== undefined) return name;
  throw new RejectedError(
    'usage',
    'Releases are compared by: flotilla diff APPLICATION --from RELEASE [--to RELEASE].',
  );
}

async function diffReleases(
  client: HubClient,
  context: CliContext,
  { application, from, to }: { readonly application: string; readonly from: number; readonly to: number | undefined },
  options: WatchOptions,
): Promise<void> {
  const newest = async (): Promise<number> =>
    (await client.all<ReleaseView>('/api/v1/releases', { application }, 1))[0]?.release ?? from;
  const route = `/api/v1/applications/${part(application)}/diff`;
  const view = await showAnswer(client, context, options, {
    read: async () => client.get<BundleDiff>(route, { from, to: to ?? (await newest()) }, RELEASES_TIMEOUT_MS),
    text: (answer, colours) => (colours ? coloured(bundleDiffText(answer)) : bundleDiffText(answer)),
  });
  if (view !== null) context.exitCode = view.groups.length > 0 || view.more > 0 ? 1 : 0;
}

async function diffLive(
  client: HubClient,
  context: CliContext,
  place: ReturnType<typeof readPlace>,
  options: WatchOptions,
): Promise<void> {
  const view = await showAnswer(client, context, options, {
    read: () => askCluster(client, 'diff', place),
    text: (answer, colours) => (colours ? coloured(liveDiffText(answer)) : liveDiffText(answer)),
  });
  if (view === null) return;
  const errors = liveDiffErrors(view);
  const said = `${errors}${caveatOf(view) ?? ''}`;
  if (said !== '') context.error(said);
  context.exitCode = errors !== '' ? 2 : view.objects.length > 0 ? 1 : 0;
}

function print(context: CliContext, text: string): void {
  if (text === '') return;
  context.exitCode = 1;
  context.out(context.colours ? coloured(text) : text);
}

/** What one document would change. */
export function diffOf({
  kind,
  name,
  before,
  after,
}: Pick<ApplyResult, 'kind' | 'name' | 'before'> & { readonly after?: ApplyResult['after'] | null }): string {
  const label = `${kind.toLowerCase()}/${name}`;
  return unifiedDiff(before ? face(before) : '', after ? face(after) : '', {
    from: before ? label : '/dev/null',
    to: after ? label : '/dev/null',
  });
}

/** The part that a person declares: the spec, or a cluster's labels. Keys are sorted, as their order says nothing. */
function face(document: object): string {
  return toYaml('spec' in document ? { spec: document.spec } : document, { sortKeys: true });
}

export function coloured(text: string): string {
  const tones: Readonly<Record<string, Tone>> = { '+': 'good', '-': 'bad', '@': 'faint' };
  return text
    .split('\n')
    .map((line) => (line === '' ? line : painted(line, tones[plain(line.slice(0, 1))])))
    .join('\n');
}
