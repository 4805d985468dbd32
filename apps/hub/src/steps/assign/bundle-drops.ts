import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { MAX_BUNDLE_BYTES } from '#contract';
import type { BundleDrop, Member, TargetRow } from '#domain';
import type { ReleaseDetails, StoredRelease, Unit } from '#ports';
import { dropBetween, objectsOfBundle, replacedPairs, type BundleObject, type BundlePair } from './dropped-objects.js';

const unpack = promisify(gunzip);

/** Objects that are remembered, of all bundles together: some 20 MB. */
const MAX_REMEMBERED = 200_000;
/** Bundles unpacked at once. */
const AT_ONCE = 4;

export interface DropInputs {
  /** The application's rows as they stand. */
  readonly rows: readonly TargetRow[];
  readonly members: readonly Member[];
  readonly release: Pick<StoredRelease, 'application' | 'number' | 'details'>;
  /** The application's, of a release that is known without one. */
  readonly namespace: string;
}

/** Finds what a release drops from the bundles that clusters have. A bundle never changes, so what is in it is remembered. */
@Injectable()
export class BundleDrops {
  private readonly known = new Map<string, readonly BundleObject[]>();
  private remembered = 0;

  /**
   * Each distinct pair of bundles that drops something. A pair whose bundles are not stored any more is left out: nothing is
   * known of it.
   */
  async of(read: Unit, { rows, members, release, namespace }: DropInputs): Promise<readonly BundleDrop[]> {
    const limit = pLimit(AT_ONCE);
    const of = (told: ReleaseDetails | undefined): string => told?.terms?.namespace ?? namespace;
    const held = new Map<number, string>();
    for (const number of new Set(rows.map(heldRelease).filter((each) => each !== null))) {
      const before = number === release.number ? release : await read.releases.get(release.application, number);
      held.set(number, of(before?.details));
    }
    const to = of(release.details);
    const there = (row: TargetRow | undefined): string => held.get(heldRelease(row) ?? 0) ?? to;
    const drops = await Promise.all(
      replacedPairs(rows, members, there, to).map((pair) => limit(() => this.between(read, pair))),
    );
    return worstOfEach(drops.filter((drop) => drop !== null));
  }

  private async between(read: Unit, pair: BundlePair): Promise<BundleDrop | null> {
    const [before, after] = [await this.objectsOf(read, pair.from), await this.objectsOf(read, pair.to)];
    return before && after && dropBetween(pair, before, after);
  }

  private async objectsOf(read: Unit, digest: string): Promise<readonly BundleObject[] | null> {
    const known = this.known.get(digest);
    if (known) {
      // The one that is asked for last goes last.
      this.known.delete(digest);
      this.known.set(digest, known);
      return known;
    }
    const gzipped = await read.releases.getBundle(digest);
    if (!gzipped) return null;
    const json = await unpack(gzipped, { maxOutputLength: MAX_BUNDLE_BYTES });
    const objects = objectsOfBundle(json.toString('utf8'));
    this.remember(digest, objects);
    return objects;
  }

  private remember(digest: string, objects: readonly BundleObject[]): void {
    // Two may have unpacked it side by side.
    if (this.known.has(digest)) return;
    this.known.set(digest, objects);
    this.remembered += objects.length;
    for (const [oldest, { length }] of this.known) {
      if (this.remembered <= MAX_REMEMBERED || oldest === digest) break;
      this.known.delete(oldest);
      this.remembered -= length;
    }
  }
}

/** The release that a cluster has now, as far as is known. */
function heldRelease(row: TargetRow | undefined): number | null {
  if (!row) return null;
  const { assignment, acked, lastPassed } = row;
  return (acked && assignment ? assignment.release : lastPassed?.release) ?? null;
}

/** The engine knows bundles by their digests alone: where clusters have one in two namespaces, the one that loses more is asked for. */
function worstOfEach(drops: readonly BundleDrop[]): readonly BundleDrop[] {
  const worst = new Map<string, BundleDrop>();
  for (const drop of drops) {
    const key = `${drop.from} ${drop.to}`;
    if (drop.dropped > (worst.get(key)?.dropped ?? 0)) worst.set(key, drop);
  }
  return [...worst.values()];
}
