import { Inject, Injectable } from '@nestjs/common';
import { MAX_MANIFEST_BYTES } from '#contract';
import { canonicalJson, DEFAULT_STRATEGY, sha256, type ClusterUid, type Manifest, type ReleaseTerms } from '#domain';
import { BugError, keepNewest, type Logger } from '#kit';
import type { DirtyCluster, HubBus, Unit } from '#ports';
import { HUB_BUS, LOGGER } from '../../parts.js';
import { Notary, type Seal } from '../../trust/notary.js';
import { BundleShelf } from '../render/bundle-shelf.js';
import { termsOfSpec, type ApplicationTerms } from './application-terms.js';
import { buildManifest, type BundleTerms } from './build-manifest.js';
import { standingSequence } from './standing-sequence.js';

/** How often a manifest is written anew when another hub was quicker. */
const MAX_TRIES = 5;
/** Distinct terms that are looked for when a release is read. */
const MAX_TERMS = 5_000;

interface Written {
  readonly uid: ClusterUid;
  readonly counter: number;
  readonly sequence: number;
  readonly busRevision: number;
}

/** Builds, signs and writes the manifests of claimed clusters. */
@Injectable()
export class ManifestWriter {
  /** What a release says never changes, by (application, release, digest). */
  private readonly bundles = new Map<string, Omit<BundleTerms, 'chunks'>>();
  private readonly terms = new Map<string, ReleaseTerms>();

  constructor(
    @Inject(HUB_BUS) private readonly bus: HubBus,
    private readonly notary: Notary,
    private readonly shelf: BundleShelf,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  async write(unit: Unit, all: readonly DirtyCluster[]): Promise<readonly Written[]> {
    const claimed = all.filter(({ state }) => state !== 'revoked');
    const ended = all.filter(({ state }) => state === 'revoked');
    // By whoever holds its claim, so that nobody writes it after that.
    await Promise.all(ended.map(({ uid }) => this.bus.deleteManifest(uid)));
    const uids = claimed.map(({ uid }) => uid);
    const [assignments, terms] = [await unit.outbox.assignments(uids), await this.termsOf(unit)];
    const seal = await this.notary.at(unit);
    const byCluster = new Map<ClusterUid, (typeof assignments)[number][]>();
    // Asked anew at each write: the bus may have lost a bundle since, or dropped it.
    const chunks = new Map(await unit.releases.bundlesOnBus(digestsOf(assignments)));
    const publish = async (digest: string): Promise<void> => {
      if (!chunks.has(digest)) chunks.set(digest, await this.shelf.publish(digest));
    };
    for (const entry of assignments) {
      const list = byCluster.get(entry.uid) ?? [];
      list.push(entry);
      byCluster.set(entry.uid, list);
      const { application, row } = entry;
      if (!row.assignment) continue;
      if (row.assignment.release === null) {
        const held = row.lastPassed ?? row.previous;
        if (held) await this.learnWhereKept(unit, application, held);
        continue;
      }
      const { release, digest, takesBack } = row.assignment;
      await this.learn(unit, application, release, digest);
      await publish(digest);
      for (const other of [takesBack, row.previous]) if (other) await this.learnWhereKept(unit, application, other);
      // Only compared with, as far as it is there. What is `previous` is compared with by the hub alone.
      if (takesBack) await whereKept(publish(takesBack.digest));
    }
    const written = await Promise.all(
      claimed.map((cluster) =>
        this.put(cluster, seal, (sequence) =>
          buildManifest({
            cluster: cluster.uid,
            sequence,
            leaves: cluster.state === 'leaving',
            rows: byCluster.get(cluster.uid) ?? [],
            terms,
            bundle: (application, release, digest) => {
              const known = this.bundles.get(keyOf(application, release, digest));
              return known ? { ...known, chunks: chunks.get(digest) ?? 0 } : null;
            },
          }),
        ),
      ),
    );
    return [...written, ...ended];
  }

  private async put(cluster: DirtyCluster, seal: Seal, build: (sequence: number) => Manifest): Promise<Written> {
    let sequence = cluster.sequence + 1;
    let expected = cluster.busRevision;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const envelope = Buffer.from(JSON.stringify(await seal.signManifest(build(sequence))));
      if (envelope.length > MAX_MANIFEST_BYTES) {
        // What stands on the bus goes on; `requireRoom` tells people. It is marked again by whatever makes it smaller, and must
        // not keep the other clusters waiting until then.
        this.log.warn({ step: 'assign', cluster: cluster.uid, bytes: envelope.length }, 'a manifest is too large');
        return { ...cluster };
      }
      const result = await this.bus.putManifest(cluster.uid, envelope, expected);
      if (result.ok) return { uid: cluster.uid, counter: cluster.counter, sequence, busRevision: result.revision };
      // Written by a hub that died before its commit, or before the database was restored: go on from what is there.
      sequence = Math.max(sequence, standingSequence(result.current, seal.document.manifestKeys) + 1);
      expected = result.revision;
    }
    throw new BugError(
      'manifest-contended',
      `the manifest of cluster ${cluster.uid} was overwritten ${MAX_TRIES} times, though its row is locked`,
    );
  }

  private learnWhereKept(
    unit: Unit,
    application: string,
    { release, digest }: { readonly release: number; readonly digest: string },
  ): Promise<void> {
    return whereKept(this.learn(unit, application, release, digest));
  }

  private async learn(unit: Unit, application: string, number: number, digest: string): Promise<void> {
    const key = keyOf(application, number, digest);
    if (this.bundles.has(key)) return;
    const release = await unit.releases.get(application, number);
    if (!release) throw new BugError('release-lost', `release ${number} of ${application} is assigned, but not stored`);
    if (this.bundles.size > 50_000) this.bundles.clear();
    this.bundles.set(key, {
      revision: release.revision,
      objects: objectsOf(release.overlays, digest),
      ...(release.details?.terms && { terms: this.shared(release.details.terms) }),
    });
  }

  /** Releases mostly say what the one before said: it is kept once. */
  private shared(terms: ReleaseTerms): ReleaseTerms {
    const key = sha256(canonicalJson(terms));
    const known = this.terms.get(key) ?? terms;
    keepNewest(this.terms, key, known, MAX_TERMS);
    return known;
  }

  private async termsOf(unit: Unit): Promise<ReadonlyMap<string, ApplicationTerms>> {
    const [applications, headers] = [await unit.resources.list('Application'), await unit.rollouts.headers()];
    // As the rollout was planned: a strategy that changes meanwhile changes no budget.
    const planned = new Map(headers.map(({ application, rollout }) => [application, rollout?.strategy]));
    return new Map(
      applications.map(({ name, spec }) => {
        const { maxDeletions } = planned.get(name) ?? DEFAULT_STRATEGY;
        return [name, { ...termsOfSpec(spec), maxDeletions }];
      }),
    );
  }
}

/** What is only compared with: where it is gone, the manifest does without. */
async function whereKept(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof BugError)) throw error;
  }
}

function digestsOf(assignments: Awaited<ReturnType<Unit['outbox']['assignments']>>): readonly string[] {
  const all = assignments.flatMap(({ row: { assignment } }) => {
    if (!assignment || assignment.release === null) return [];
    return assignment.takesBack ? [assignment.digest, assignment.takesBack.digest] : [assignment.digest];
  });
  return [...new Set(all)];
}

function keyOf(application: string, release: number, digest: string): string {
  return `${application} ${release} ${digest}`;
}

function objectsOf(overlays: Readonly<Record<string, { digest: string; objects: number }>>, digest: string): number {
  return Object.values(overlays).find((overlay) => overlay.digest === digest)?.objects ?? 0;
}
