import type { RolloutView, TargetView } from '#contract';
import { StateShape } from '../ui/state-mark.js';

type Counts = RolloutView['counts'];
type TargetState = TargetView['state'];

/** In the order in which they fill a bar. */
export const BAR_STATES: readonly TargetState[] = [
  'passed',
  'unchanged',
  'progressing',
  'assigned',
  'failed',
  'deferred',
  'skipped',
  'removed',
  'pending',
];

const FILLS: Readonly<Record<TargetState, string>> = {
  passed: 'bg-healthy',
  unchanged: 'bg-healthy',
  progressing: 'bg-progressing',
  assigned: 'bg-progressing opacity-60',
  failed: 'bg-failed',
  deferred: 'bg-offline',
  skipped: 'bg-none',
  removed: 'bg-leaving',
  pending: '',
};

const WORDS: Readonly<Partial<Record<TargetState, string>>> = { deferred: 'put off', pending: 'waiting' };

export const stateWord = (state: TargetState): string => WORDS[state] ?? state;

/** `3 passed, 1 progressing, 2 waiting`. */
export function countsText(counts: Counts): string {
  return BAR_STATES.filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${stateWord(state)}`)
    .join(', ');
}

/** How far it is, by the states of its clusters. */
export function ProgressBar({ counts, total }: { readonly counts: Counts; readonly total: number }) {
  return (
    <div
      role="img"
      aria-label={total === 0 ? 'no clusters' : countsText(counts)}
      className="bg-raised flex h-2 w-full min-w-16 gap-px overflow-hidden rounded-full"
    >
      {BAR_STATES.filter((state) => counts[state] > 0 && state !== 'pending').map((state) => (
        <span
          key={state}
          className={FILLS[state]}
          style={{ width: `${(counts[state] / total) * 100}%`, minWidth: 3 }}
        />
      ))}
    </div>
  );
}

/** The same in words, each with the shape of its state. */
export function Counts({ counts }: { readonly counts: Counts }) {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1" aria-label="Clusters by state">
      {BAR_STATES.filter((state) => counts[state] > 0).map((state) => (
        <li key={state} className="flex items-center gap-1.5 whitespace-nowrap">
          <StateShape state={state} size={12} />
          <span>
            <span className="text-strong font-medium tabular-nums">{counts[state]}</span> {stateWord(state)}
          </span>
        </li>
      ))}
    </ul>
  );
}
