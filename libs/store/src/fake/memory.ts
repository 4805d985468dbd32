import {
  canonicalJson,
  type AgentReport,
  type ApplicationHeader,
  type ChainedEntry,
  type EngineCheckpoint,
  type LogEntry,
  type Rollout,
  type TargetRow,
  type Trust,
} from '#domain';
import type {
  ApiIndex,
  LoginCode,
  StoredSession,
  Revocation,
  StoredAnswer,
  StoredCluster,
  StoredCredential,
  StoredWebhook,
  StoredEvent,
  StoredGrant,
  StoredRelease,
  StoredResource,
  StoredToken,
} from '#ports';

/** Rows by key, as one transaction sees them. */
export interface Table<Row> {
  get(key: string): Row | undefined;
  set(key: string, row: Row): void;
  delete(key: string): void;
  /** In no order. */
  rows(): readonly Row[];
}

export interface JoinTokenRow {
  readonly hash: string;
  readonly uid: string;
  readonly expiresAt: number;
  readonly spentBy: string | null;
}

export interface BundleRow {
  readonly digest: string;
  readonly gzipped: Uint8Array;
  readonly chunks: number | null;
}

export interface TargetEntry {
  readonly application: string;
  readonly row: TargetRow;
}

export interface ArchivedTarget {
  readonly application: string;
  readonly number: number;
  readonly row: TargetRow;
}

export interface RolloutEntry {
  readonly application: string;
  readonly rollout: Rollout;
}

export interface ManifestRow {
  readonly sequence: number;
  readonly busRevision: number;
  /** The dirty counter that was written last. */
  readonly cleared: number;
}

export interface ReportEntry {
  readonly report: AgentReport;
  readonly at: number;
}

interface Rows {
  readonly resources: StoredResource;
  readonly clusters: StoredCluster;
  readonly joinTokens: JoinTokenRow;
  readonly releases: StoredRelease;
  readonly bundles: BundleRow;
  readonly headers: ApplicationHeader;
  readonly targets: TargetEntry;
  readonly archivedTargets: ArchivedTarget;
  readonly rollouts: RolloutEntry;
  readonly reports: ReportEntry;
  readonly manifests: ManifestRow;
  readonly revocations: Revocation & { readonly pushedAt: number | null };
  readonly tokens: StoredToken & { readonly hash: string };
  readonly grants: StoredGrant;
  readonly sessions: StoredSession & { readonly hash: string };
  readonly loginCodes: { readonly code: LoginCode; readonly expiresAt: number };
  readonly credentials: StoredCredential & { readonly sealed: Uint8Array };
  readonly webhooks: StoredWebhook & { readonly sealed: Uint8Array };
  readonly trust: Trust;
  /** By cluster: the generation that its agent holds. */
  readonly heldTrust: number;
  readonly settings: string;
  readonly steps: LogEntry;
  readonly checkpoints: EngineCheckpoint;
  readonly answers: StoredAnswer;
  readonly apiIndexes: { readonly digest: string; readonly index: ApiIndex };
  readonly apiSchemas: { readonly groupVersion: string; readonly hash: string; readonly gzipped: Uint8Array };
}

export type Tables = { readonly [Name in keyof Rows]: Table<Rows[Name]> };

/** What is committed. */
export class Memory {
  readonly tables: { readonly [Name in keyof Rows]: Map<string, Rows[Name]> } = {
    resources: new Map(),
    clusters: new Map(),
    joinTokens: new Map(),
    releases: new Map(),
    bundles: new Map(),
    headers: new Map(),
    targets: new Map(),
    archivedTargets: new Map(),
    rollouts: new Map(),
    reports: new Map(),
    manifests: new Map(),
    revocations: new Map(),
    tokens: new Map(),
    grants: new Map(),
    sessions: new Map(),
    loginCodes: new Map(),
    credentials: new Map(),
    webhooks: new Map(),
    trust: new Map(),
    heldTrust: new Map(),
    settings: new Map(),
    steps: new Map(),
    checkpoints: new Map(),
    answers: new Map(),
    apiIndexes: new Map(),
    apiSchemas: new Map(),
  };
  readonly events: StoredEvent[] = [];
  readonly dirtyCounters = new Map<string, number>();
  /** Oldest first. */
  readonly audit: ChainedEntry[] = [];
}

/** A transaction's own changes over what is committed: others' commits are seen at once (read committed), its own only by itself. */
export class Overlay<Row> implements Table<Row> {
  private readonly changes = new Map<string, Row | undefined>();

  constructor(private readonly committed: Map<string, Row>) {}

  get(key: string): Row | undefined {
    return this.changes.has(key) ? this.changes.get(key) : this.committed.get(key);
  }

  set(key: string, row: Row): void {
    this.changes.set(key, row);
  }

  delete(key: string): void {
    this.changes.set(key, undefined);
  }

  rows(): readonly Row[] {
    const merged = new Map<string, Row | undefined>([...this.committed, ...this.changes]);
    return [...merged.values()].filter((row) => row !== undefined);
  }

  commit(): void {
    for (const [key, row] of this.changes) {
      if (row === undefined) this.committed.delete(key);
      else this.committed.set(key, row);
    }
  }
}

/** As a database would keep it: a copy, without undefined members, that nobody can change. */
export function kept<T>(value: T): T {
  return frozen(JSON.parse(canonicalJson(value)) as T);
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}

export function keyOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts);
}

/** Compares by several keys, one after the other; text by code unit, as the database's C collation does for ASCII. */
export function byKeys<T>(keys: (item: T) => readonly (string | number)[]): (a: T, b: T) => number {
  return (a, b) => compareKeys(keys(a), keys(b));
}

export function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined || left === right) continue;
    return left < right ? -1 : 1;
  }
  return 0;
}
