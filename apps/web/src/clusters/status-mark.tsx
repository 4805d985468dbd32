import type { ClusterView } from '#contract';
import { StateMark } from '../ui/state-mark.js';

export const STATUS_WORDS: Readonly<Record<ClusterView['status'], string>> = {
  ready: 'ready',
  offline: 'offline',
  waiting: 'not joined yet',
  leaving: 'leaving',
  revoked: 'locked out',
};

/** A cluster's status; a hold of a person's is said first, as in the fleet. */
export function StatusMark({ cluster: { status, hold } }: { readonly cluster: Pick<ClusterView, 'status' | 'hold'> }) {
  const isHeld = hold !== undefined && status === 'ready';
  return isHeld ? (
    <StateMark state="held" word="held" />
  ) : (
    <StateMark
      state={status === 'revoked' ? 'none' : status}
      word={hold === undefined ? STATUS_WORDS[status] : `${STATUS_WORDS[status]}, held`}
    />
  );
}
