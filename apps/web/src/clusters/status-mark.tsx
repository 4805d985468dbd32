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

/** How its applications are; of a cluster that is not heard of, how they were. */
export function HealthMark({
  cluster: { status, health },
  what = '',
}: {
  readonly cluster: Pick<ClusterView, 'status' | 'health'>;
  /** What is so, where no heading says it. */
  readonly what?: string;
}) {
  if (health === 'none') return <span className="text-muted">{what === '' ? 'none' : `no ${what}`}</span>;
  if (status === 'offline')
    return <StateMark state="offline" word={`${what === '' ? 'was' : `${what} were`} ${health}`} />;
  return <StateMark state={health} word={what === '' ? health : `${what} ${health}`} />;
}
