import {
  type AgentReport,
  type ApplicationHeader,
  type Assignment,
  type Decision,
  EVERYWHERE,
  type LastReport,
  type Rollout,
  TARGET_STATES,
  type TargetRow,
} from '#domain';
import type { StoredToken } from '../../store/access-store.js';
import type { StoredRelease } from '../../store/release-store.js';
import type { Store } from '../../store/store.js';

export const DIGEST = 'a'.repeat(64);

export function assignmentOf(overrides: Partial<Assignment> = {}): Assignment {
  return {
    release: 1,
    overlay: 'overlays/dev',
    digest: DIGEST,
    generation: 1,
    healthyForMs: 0,
    rollout: 'web-1',
    ...overrides,
  };
}

export function lastReport(overrides: Partial<LastReport> = {}): LastReport {
  return { generation: 1, digest: DIGEST, phase: 'healthy', steadyMs: 5, breaks: 0, at: 10, ...overrides };
}

export function rowOf(uid: string, overrides: Partial<TargetRow> = {}): TargetRow {
  return {
    uid,
    name: `cluster ${uid}`,
    rollout: 'web-1',
    wave: 0,
    position: 0,
    state: 'pending',
    desired: { release: 1, overlay: 'overlays/dev', digest: DIGEST },
    assignment: null,
    acked: false,
    generation: 0,
    previous: null,
    lastPassed: null,
    report: null,
    dueAt: null,
    ...overrides,
  };
}

export function rolloutOf(number: number, overrides: Partial<Rollout> = {}): Rollout {
  const counts = Object.fromEntries(TARGET_STATES.map((state) => [state, 0])) as Rollout['waves'][number]['counts'];
  const budgets = { maxConcurrency: 1, maxFailures: 0, maxUnreachable: 0, ackTimeoutMs: 1, progressDeadlineMs: 1 };
  const wave = { name: 'all', total: 1, healthyForMs: 0, soakMs: 0, phase: 'progressing' as const, ...budgets };
  return {
    id: `web-${number}`,
    number,
    kind: 'forward',
    release: 1,
    state: 'running',
    strategy: { waves: [] } as unknown as Rollout['strategy'],
    waves: [
      { ...wave, counts, digest: '', carried: 0, suspects: 0, unsteady: 0, accepted: { failed: 0, deferred: 0 } },
    ],
    wave: 0,
    holds: [],
    startedAt: 100 + number,
    startedBy: 'system',
    planDigest: '',
    warnings: [],
    ...overrides,
  };
}

export function decisionOf(header: ApplicationHeader, parts: Partial<Decision> = {}): Decision {
  return { changed: true, header, rows: [], effects: [], history: [], again: false, ...parts };
}

/** Locks the application and commits what `change` makes of its header. */
export async function save(
  store: Store,
  application: string,
  change: (header: ApplicationHeader) => Partial<ApplicationHeader>,
  parts: Partial<Decision> = {},
): Promise<ApplicationHeader> {
  return store.transact(async (unit) => {
    const before = await unit.rollouts.lock(application);
    const { history = [] } = parts;
    const next = { ...before, version: before.version + 1, seq: before.seq + history.length, ...change(before) };
    await unit.rollouts.commit(application, decisionOf(next, parts));
    return next;
  });
}

export async function addCluster(store: Store, uid: string, labels: Record<string, string> = {}): Promise<void> {
  await store.read.clusters.register({ uid, name: uid, labels, now: 1 });
}

/** A cluster that joined and was heard of at `at`. */
export async function addOnline(store: Store, uid: string, at = 1): Promise<void> {
  await addCluster(store, uid);
  await store.read.clusters.markJoined(uid, { publicKey: `key of ${uid}`, version: '0.1.0', protocol: 1, now: 1 });
  await store.read.clusters.seen([beatOf(uid)], at);
}

export function beatOf(uid: string): { uid: string; sequence: number; version: string; protocol: number } {
  return { uid, sequence: 0, version: '0.1.0', protocol: 1 };
}

export function reportOf(
  cluster: string,
  boot: number,
  seq: number,
  overrides: Partial<AgentReport> = {},
): AgentReport {
  return {
    protocol: 1,
    cluster,
    application: 'web',
    generation: 1,
    digest: DIGEST,
    runs: DIGEST,
    phase: 'healthy',
    steadyMs: 0,
    breaks: 0,
    boot,
    seq,
    objects: 3,
    findings: [],
    ...overrides,
  };
}

export function releaseOf(overrides: Partial<Omit<StoredRelease, 'number'>> = {}): Omit<StoredRelease, 'number'> {
  return {
    application: 'web',
    source: 'shop',
    revision: 'c0ffee',
    author: 'Ada <ada@example.com>',
    subject: 'Use the new image',
    committedAt: '2026-11-20T10:00:00Z',
    overlays: { 'overlays/dev': { digest: DIGEST, objects: 3, bytes: 900, tool: 'kustomize 5.8.1' } },
    specGeneration: 1,
    createdAt: 1000,
    ...overrides,
  };
}

export function tokenOf(
  id: string,
  overrides: Partial<StoredToken> = {},
): Omit<StoredToken, 'lastUsedAt' | 'revokedAt'> & { hash: string } {
  const token = {
    id,
    name: id,
    email: null,
    role: 'viewer' as const,
    scope: EVERYWHERE,
    createdAt: 1,
    createdBy: 'system',
    expiresAt: null,
  };
  return { ...token, hash: `hash of ${id}`, ...overrides };
}
