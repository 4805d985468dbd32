import type { ReleaseTerms } from '#domain';
import type { GitSignature } from '../git-source.js';
import type { Page, ScopedRequest } from '../page.js';

/** What a release took from one source: a commit, or a chart. */
export interface ReleaseSource {
  /** Commit id, or digest of a packed chart. */
  readonly revision: string;
  /** The tag that a range of versions came to. */
  readonly tag?: string;
  /** Of a chart. */
  readonly version?: string;
  /** Who signed it, where that was asked for and somebody did. */
  readonly signature?: GitSignature;
  readonly author?: string;
  readonly subject?: string;
  readonly committedAt?: string;
}

/** What an overlay was rendered from: as long as all of it is the same, so is the bundle. */
export interface OverlayInputs {
  /** Digest of everything but the sources' contents: renderer, values, patches. */
  readonly recipe: string;
  /** Where it was read from, by names of sources; `.` is the whole source. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  /** Digest of the ids of all that. */
  readonly contents: string;
  /** What the renderer said of it. */
  readonly warnings?: readonly string[];
}

/** What a release was made of, beside its overlays. */
export interface ReleaseDetails {
  /** By the sources' names; of one that several environments have at different revisions, the first environment's. */
  readonly sources: Readonly<Record<string, ReleaseSource>>;
  /** By the environments' names, where the application has some. */
  readonly environments?: Readonly<Record<string, ReleaseSource & { readonly source: string }>>;
  /** Sentences; at most 20. */
  readonly warnings?: readonly string[];
  /** Whether the chart asks which API versions a cluster serves. */
  readonly asksForApis?: boolean;
  /** What its clusters are told besides their bundles. Left out of lists; absent: a hub of before they were kept made it. */
  readonly terms?: ReleaseTerms;
  /** By the overlays' names. Left out of lists. */
  readonly inputs?: Readonly<Record<string, OverlayInputs>>;
}

export interface StoredRelease {
  readonly application: string;
  readonly number: number;
  readonly source: string;
  readonly revision: string;
  readonly author: string;
  readonly subject: string;
  readonly committedAt: string;
  /** By the overlays' names. */
  readonly overlays: Readonly<
    Record<string, { readonly digest: string; readonly objects: number; readonly bytes: number; readonly tool: string }>
  >;
  /** Generation of the Application's spec that it was made of. */
  readonly specGeneration: number;
  /** Absent: a hub of before it was told has made it. */
  readonly details?: ReleaseDetails;
  readonly createdAt: number;
}

export interface ReleaseStore {
  /** Numbers it, unless the newest release has the same overlays, terms and revision: then that one is returned with `created: false`. */
  add(release: Omit<StoredRelease, 'number'>): Promise<{ release: StoredRelease; created: boolean }>;
  get(application: string, number: number): Promise<StoredRelease | null>;
  latest(application: string): Promise<StoredRelease | null>;
  /** Newest first; of all applications without one. With scopes: of the applications that `seesApplication` says yes to. */
  list(application: string | null, page: ScopedRequest): Promise<Page<StoredRelease>>;
  /** Stores a gzipped bundle by digest; a digest that is there is left alone. */
  putBundle(digest: string, bundle: { gzipped: Uint8Array; bytes: number; objects: number }): Promise<void>;
  getBundle(digest: string): Promise<Uint8Array | null>;
  /** Whether any release of the application has that bundle. */
  hasBundle(application: string, digest: string): Promise<boolean>;
  /** How many chunks it has on the bus; null: not put there yet. */
  bundleChunks(digest: string): Promise<number | null>;
  /** Null: it is not on the bus any more. */
  setBundleChunks(digest: string, chunks: number | null): Promise<void>;
  /** Those that are on the bus, as far as was told, with their chunks; of all unless some are asked for. */
  bundlesOnBus(digests?: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Digests that an agent may fetch: of every assignment in force, with what it takes back; and of each application's newest
   * release, and of all releases since `since`, which may be assigned soon.
   */
  bundlesInUse(since: number): Promise<readonly string[]>;
  /** In a transaction: nobody else says of it that it is on the bus, or is not, until this one ends. False: it is not stored. */
  lockBundle(digest: string): Promise<boolean>;
}
