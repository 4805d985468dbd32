import { canonicalJson, sha256 } from '../canonical-json.js';
import type { ClusterUid } from '../cluster.js';
import type { ResolvedWave, RolloutKind } from './model.js';

/** What a wave's digest says of one cluster: `digest` is its bundle's; empty where it keeps what it has, or withdraws it. */
export interface DigestedTarget {
  readonly uid: ClusterUid;
  readonly overlay: string;
  readonly digest: string;
}

/** SHA-256 of a wave's budgets, gates and windows, and of what each of its clusters gets: whatever an approval says yes to. */
export function waveDigest(wave: ResolvedWave, targets: readonly DigestedTarget[]): string {
  const { total, maxConcurrency, maxFailures, maxUnreachable } = wave;
  const { ackTimeoutMs, progressDeadlineMs, healthyForMs, soakMs, before, after, windows } = wave;
  const clusters = targets
    .map(({ uid, overlay, digest }) => [uid, overlay, digest] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return sha256(
    canonicalJson({
      ...{ total, maxConcurrency, maxFailures, maxUnreachable },
      ...{ ackTimeoutMs, progressDeadlineMs, healthyForMs, soakMs, before, after, windows, clusters },
    }),
  );
}

/** SHA-256 of what is rolled out and of each wave's digest, in their order. */
export function planDigest(plan: {
  readonly application: string;
  readonly release: number;
  readonly kind: RolloutKind;
  readonly waves: readonly { readonly name: string; readonly digest: string }[];
}): string {
  const { application, release, kind } = plan;
  const waves = plan.waves.map(({ name, digest }) => [name, digest] as const);
  return sha256(canonicalJson({ application, release, kind, waves }));
}
