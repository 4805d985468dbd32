import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { applicationSpecSchema, type BundleDiff, type BundleDiffGroup } from '#contract';
import { sha256, type TargetRow } from '#domain';
import { RejectedError, RetryableError } from '#kit';
import type { Store, StoredRelease } from '#ports';
import { runComparison, unpackedBytes, type BundlePair, type ComparedPairs } from '../bundle-diffs/run-comparison.js';
import type { SecretBox } from '../installation/secret-box.js';
import { SECRET_BOX, STORE } from '../parts.js';
import { notFound } from './access/refusals.js';

/** What of one release goes to what of another. */
interface Going extends BundlePair {
  readonly overlays: readonly string[];
}

/** Of whom a bundle is told. */
interface Told {
  readonly overlay: string;
  readonly digest: string;
  readonly name: string;
}

/** Clusters that a group names. */
const MOST_NAMED = 20;
/** Pairs that are compared for one answer, and bytes of their bundles, unpacked: some seconds. */
const MOST_PAIRS = 1000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Bundles of one answer that wait in memory, gzipped. */
const MOST_GZIPPED = 32 * 1024 * 1024;
/** Pairs whose bundles are read at once. */
const AT_ONCE = 4;
const LIMIT_MS = 60_000;
/** More than these wait for nobody's good. */
const MAX_WAITING = 10;
/** What was compared lately; each is 2 MiB at most. */
const MOST_REMEMBERED = 8;

/** What differs between releases of an application: between the bundles that clusters have of them. */
@Injectable()
export class BundleDiffReader {
  /** It is work for the processor: one at a time. */
  private readonly limit = pLimit(1);
  private readonly known = new Map<string, { readonly groups: readonly ComparedPairs[]; readonly looked: number }>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
  ) {}

  /** @throws RejectedError `not-found`, `busy` */
  async ofReleases(application: string, from: number, to: number, gone: AbortSignal): Promise<BundleDiff> {
    const [before, after] = [await this.release(application, from), await this.release(application, to)];
    const paths = [...new Set([...Object.keys(before.overlays), ...Object.keys(after.overlays)])].sort();
    const going = new Map<string, { readonly overlays: string[] } & Going>();
    let same = 0;
    for (const path of paths) {
      const [old, young] = [before.overlays[path]?.digest ?? null, after.overlays[path]?.digest ?? null];
      const present = going.get(`${old} ${young}`);
      if (old === young) same += 1;
      else if (present) present.overlays.push(path);
      else going.set(`${old} ${young}`, { from: old, to: young, overlays: [path] });
    }
    const told = await this.told(application);
    return { application, from, to, ...(await this.compare(application, [...going.values()], told, gone)), same };
  }

  /** By digest, where no release or cluster of the application has it, it is not there. @throws RejectedError as above */
  async ofBundles(application: string, from: string, to: string, gone: AbortSignal): Promise<BundleDiff> {
    const told = await this.told(application);
    for (const digest of [from, to]) {
      const isOwn = told.some((each) => each.digest === digest);
      if (!isOwn && !(await this.store.read.releases.hasBundle(application, digest))) throw notFound('Bundle', digest);
    }
    if (from === to) return { application, groups: [], same: 1, more: 0 };
    const overlays = told.filter(({ digest }) => digest === from || digest === to).map(({ overlay }) => overlay);
    const pair = { from, to, overlays: [...new Set(overlays)].sort() };
    return { application, ...(await this.compare(application, [pair], told, gone)), same: 0 };
  }

  private async release(application: string, number: number): Promise<StoredRelease> {
    const release = await this.store.read.releases.get(application, number);
    if (release) return release;
    throw new RejectedError(
      'not-found',
      `Application "${application}" has no release ${number}: \`flotilla get releases --application ${application}\` lists them`,
      { status: 404 },
    );
  }

  private async told(application: string): Promise<readonly Told[]> {
    const rows = await this.store.read.rollouts.rows(application, { all: true });
    return rows.flatMap(({ row }) => toldOf(row));
  }

  private async compare(
    application: string,
    going: readonly Going[],
    told: readonly Told[],
    gone: AbortSignal,
  ): Promise<Pick<BundleDiff, 'groups' | 'more'>> {
    const clusters = clustersOf(going, told);
    const ordered = going
      .map((each, index) => ({ ...each, names: clusters[index] ?? [] }))
      .sort((a, b) => b.names.length - a.names.length || ((a.overlays[0] ?? '') < (b.overlays[0] ?? '') ? -1 : 1));
    const { groups, looked } = await this.compared(application, ordered, gone);
    const views = groups.flatMap(({ pairs, objects, unchanged, more }): BundleDiffGroup[] => {
      const each = pairs.flatMap((index) => ordered[index] ?? []);
      const [first] = each;
      if (!first) return [];
      const names = each.flatMap((pair) => pair.names);
      return [
        {
          ...{ from: first.from, to: first.to, pairs: each.length },
          overlays: each.flatMap(({ overlays }) => overlays).sort(),
          ...{ clusters: names.length, names: names.sort().slice(0, MOST_NAMED) },
          ...{ unchanged, objects: [...objects], more },
        },
      ];
    });
    return { groups: views.sort((a, b) => b.clusters - a.clusters), more: ordered.length - looked };
  }

  /** A bundle never changes, so neither does what differs between two. */
  private compared(application: string, pairs: readonly BundlePair[], gone: AbortSignal) {
    const key = sha256(`${application} ${pairs.map(({ from, to }) => `${from} ${to}`).join(' ')}`);
    if (this.limit.pendingCount >= MAX_WAITING) {
      const message = `${MAX_WAITING} comparisons wait for their turn on this hub: ask again in some seconds`;
      return Promise.reject(new RejectedError('busy', message, { status: 429 }));
    }
    return this.limit(async () => {
      gone.throwIfAborted();
      const namespace = await this.namespaceOf(application);
      const known = this.known.get(`${namespace} ${key}`);
      if (known) return known;
      const { bundles, looked } = await this.load(pairs);
      const task = { pairs: looked, bundles, namespace, secret: this.box.derive(`marks of ${application}`) };
      const late = AbortSignal.timeout(LIMIT_MS);
      const groups = await runComparison(task, AbortSignal.any([gone, late])).catch((error: unknown): never => {
        if (late.aborted) throw new RetryableError('too-slow', 'The comparison took too long: ask again');
        throw error;
      });
      // Places in what was looked at become places in what was asked for.
      const places = new Map(pairs.map((pair, index) => [pair, index]));
      const placed = groups.map((group) => ({
        ...group,
        pairs: group.pairs.flatMap((at) => places.get(looked[at] as BundlePair) ?? []),
      }));
      return this.remember(`${namespace} ${key}`, { groups: placed, looked: looked.length });
    });
  }

  private remember<T extends { readonly groups: readonly ComparedPairs[]; readonly looked: number }>(
    key: string,
    compared: T,
  ): T {
    this.known.set(key, compared);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_REMEMBERED) break;
      this.known.delete(oldest);
    }
    return compared;
  }

  /** As many of the first pairs as are compared for one answer, those left out of which a bundle is not stored any more. */
  private async load(
    pairs: readonly BundlePair[],
  ): Promise<{ bundles: ReadonlyMap<string, Uint8Array>; looked: readonly BundlePair[] }> {
    const bundles = new Map<string, Uint8Array>();
    const looked: BundlePair[] = [];
    const digestsOf = ({ from, to }: BundlePair): string[] => [from, to].filter((digest) => digest !== null);
    let [gzipped, bytes] = [0, 0];
    for (let at = 0; at < Math.min(pairs.length, MOST_PAIRS); at += AT_ONCE) {
      if (bytes >= MOST_BYTES || gzipped >= MOST_GZIPPED) break;
      const next = pairs.slice(at, Math.min(at + AT_ONCE, MOST_PAIRS));
      const missing = [...new Set(next.flatMap(digestsOf))].filter((digest) => !bundles.has(digest));
      const found = await Promise.all(missing.map((digest) => this.store.read.releases.getBundle(digest)));
      found.forEach((bundle, index) => {
        if (!bundle) return;
        bundles.set(missing[index] ?? '', bundle);
        gzipped += bundle.byteLength;
      });
      for (const pair of next) {
        const both = digestsOf(pair).map((digest) => bundles.get(digest));
        if (both.includes(undefined)) continue;
        bytes += both.reduce((sum, bundle) => sum + (bundle ? unpackedBytes(bundle) : 0), 0);
        looked.push(pair);
      }
    }
    return { bundles, looked };
  }

  private async namespaceOf(application: string): Promise<string> {
    const resource = await this.store.read.resources.get('Application', application);
    return applicationSpecSchema.safeParse(resource?.spec).data?.namespace ?? 'default';
  }
}

function toldOf({ assignment, name }: TargetRow): readonly Told[] {
  if (!assignment || assignment.release === null) return [];
  return [{ overlay: assignment.overlay, digest: assignment.digest, name }];
}

/** Names of the clusters that are told one of the two bundles now, pair by pair: an overlay is in one pair alone. */
function clustersOf(going: readonly Going[], told: readonly Told[]): readonly (readonly string[])[] {
  const byOverlay = new Map(going.flatMap(({ overlays }, index) => overlays.map((overlay) => [overlay, index])));
  const names = going.map((): string[] => []);
  for (const { overlay, digest, name } of told) {
    const index = byOverlay.get(overlay) ?? -1;
    const pair = going[index];
    if (pair && (pair.from === digest || pair.to === digest)) names[index]?.push(name);
  }
  return names;
}
