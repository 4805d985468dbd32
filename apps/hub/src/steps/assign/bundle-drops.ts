import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { MAX_BUNDLE_BYTES } from '#contract';
import type { BundleDrop, Member, TargetRow } from '#domain';
import type { Unit } from '#ports';
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
  /** The application's namespace. */
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
  async of(read: Unit, { rows, members, namespace }: DropInputs): Promise<readonly BundleDrop[]> {
    const limit = pLimit(AT_ONCE);
    const drops = await Promise.all(
      replacedPairs(rows, members).map((pair) => limit(() => this.between(read, pair, namespace))),
    );
    return drops.filter((drop) => drop !== null);
  }

  private async between(read: Unit, pair: BundlePair, namespace: string): Promise<BundleDrop | null> {
    const [before, after] = [await this.objectsOf(read, pair.from), await this.objectsOf(read, pair.to)];
    return before && after && dropBetween(pair, before, after, namespace);
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
