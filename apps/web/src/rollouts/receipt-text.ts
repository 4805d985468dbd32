import type { ReceiptView } from '#contract';

type Line = ReceiptView['clusters'][number];

/** What a cluster is to run after a rollback. */
export function wantedText(wanted: Line['wanted']): string {
  if (wanted === 'keep') return 'what it holds';
  return wanted === 'withdraw' ? 'nothing of it' : `release ${wanted.release}`;
}

/** Pure: whether a cluster runs what it was to go back to, by its agent's own word. Who keeps what it holds is where it is to be. */
export function isBack({ wanted, runs, state }: Line): boolean {
  if (wanted === 'keep') return state !== 'failed';
  if (wanted === 'withdraw') return state === 'passed' || state === 'unchanged' || state === 'removed';
  return runs !== null && runs.digest === wanted.digest && state !== 'failed' && state !== 'deferred';
}
