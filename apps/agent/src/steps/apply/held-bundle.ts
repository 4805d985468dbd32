import type { JsonObject, ManifestApplication } from '#domain';
import { RejectedError } from '#kit';
import { openBundle } from '../fetch/open-bundle.js';
import { exemptKeys } from './exempt-objects.js';
import type { BundleRequest, WorkerContext } from './worker-context.js';

/** A small bundle is kept as it came, so that a correction needs no request for it. */
const KEPT_BYTES = 32 * 1024;
const NOTHING = new Uint8Array();

/** An assignment that was verified, with its bundle where that is small; the cluster's record has it in any case. */
export class HeldBundle {
  private constructor(
    private readonly application: string,
    private readonly context: Pick<WorkerContext, 'records' | 'fetchBundle'>,
    readonly assignment: ManifestApplication,
    private gzipped: Uint8Array | null,
    /** See exempt; null: not known yet. */
    private exempted: ReadonlySet<string> | null = null,
  ) {}

  /** What the cluster remembers of an earlier run. */
  static remembered(application: string, context: WorkerContext, assignment: ManifestApplication): HeldBundle {
    return new HeldBundle(application, context, assignment, null);
  }

  /**
   * Fetches and verifies the bundle of an assignment, from what is held already where it is the same.
   * @throws RejectedError when it is not what the manifest says · RetryableError
   */
  static async fetch(
    application: string,
    context: WorkerContext,
    assignment: ManifestApplication,
    former: HeldBundle | null,
    how: Pick<BundleRequest, 'spread' | 'signal'>,
  ): Promise<{ readonly held: HeldBundle; readonly objects: readonly JsonObject[] }> {
    if (assignment.release === null) {
      return { held: new HeldBundle(application, context, assignment, NOTHING), objects: [] };
    }
    const { digest, chunks } = assignment;
    const isSame = former !== null && former.assignment.digest === digest && former.assignment.release !== null;
    const gzipped = isSame ? await former.bytes() : await context.fetchBundle({ digest, chunks, ...how });
    const objects = openBundle(gzipped, digest);
    const held = new HeldBundle(application, context, assignment, gzipped);
    // What is taken back is what it holds, mostly: the record of it is about to be written over.
    const { exempt } = assignment;
    const isHeld = former !== null && former.assignment.digest === exempt?.digest && former.assignment.release !== null;
    if (isHeld) held.exempted = exemptKeys(await former.objects(), exempt?.namespace ?? assignment.namespace);
    return { held, objects };
  }

  /** The same bundle on other terms. */
  withTerms(assignment: ManifestApplication): HeldBundle {
    const { exempt, namespace } = this.assignment;
    const isSame =
      exempt?.digest === assignment.exempt?.digest &&
      exempt?.namespace === assignment.exempt?.namespace &&
      namespace === assignment.namespace;
    const exempted = isSame ? this.exempted : null;
    return new HeldBundle(this.application, this.context, assignment, this.gzipped, exempted);
  }

  /**
   * Keys of the objects that the release had which this one takes back: their deletion is not counted. None where that release's
   * bundle is not what the manifest says.
   * @throws RetryableError where it must be fetched and can't be.
   */
  async exempt(): Promise<ReadonlySet<string>> {
    const { exempt, namespace } = this.assignment;
    if (this.exempted === null && exempt !== undefined) {
      const { digest, chunks } = exempt;
      const request = { digest, chunks, spread: false, signal: new AbortController().signal };
      this.exempted = keysOf(await this.context.fetchBundle(request), digest, exempt.namespace ?? namespace);
    }
    return this.exempted ?? new Set();
  }

  async objects(): Promise<readonly JsonObject[]> {
    if (this.assignment.release === null) return [];
    return openBundle(await this.bytes(), this.assignment.digest);
  }

  /** The gzipped bundle. */
  async bytes(): Promise<Uint8Array> {
    if (this.assignment.release === null) return NOTHING;
    if (this.gzipped !== null) return this.gzipped;
    const { digest, chunks } = this.assignment;
    // A record that somebody deleted is no loss while there is a hub.
    const stored = await this.context.records.loadBundle(this.application, digest);
    if (stored !== null) return stored;
    return await this.context.fetchBundle({ digest, chunks, spread: false, signal: new AbortController().signal });
  }

  /** The cluster has it by now: a large one need not be in memory too. */
  release(): void {
    if (this.gzipped !== null && this.gzipped.length > KEPT_BYTES) this.gzipped = null;
  }
}

function keysOf(gzipped: Uint8Array, digest: string, namespace: string): ReadonlySet<string> {
  try {
    return exemptKeys(openBundle(gzipped, digest), namespace);
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    return new Set();
  }
}
