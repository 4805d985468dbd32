import { StateShape, spaced } from './state-mark.js';
import { CELL_STATES } from '#domain/cell-state';
import { cellStateOf, type CellState } from './states.js';
import { grouped } from './text.js';

const FILLS: Readonly<Record<CellState, string>> = {
  healthy: 'bg-healthy',
  progressing: 'bg-progressing',
  failed: 'bg-failed',
  drifted: 'bg-drifted',
  held: 'bg-held',
  offline: 'bg-offline',
  waiting: 'bg-waiting',
  leaving: 'bg-leaving',
  none: 'bg-none',
};

interface Part {
  readonly word: string;
  readonly state: CellState;
  readonly count: number;
}

function partsOf(counts: Readonly<Record<string, number>>): readonly Part[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => ({ word, state: cellStateOf(word), count }))
    .sort((a, b) => CELL_STATES.indexOf(a.state) - CELL_STATES.indexOf(b.state));
}

/**
 * How many of what are in which state: a bar of their shares, and beside it the counts with their shapes. Words are any of the API's.
 * `of`: what the whole bar stands for, where that is more than the counts' sum.
 */
export function StateBar({
  counts,
  of,
  isBare = false,
}: {
  readonly counts: Readonly<Record<string, number>>;
  readonly of?: number;
  /** Without the counts, where they stand elsewhere. */
  readonly isBare?: boolean;
}) {
  const parts = partsOf(counts);
  const total = Math.max(
    1,
    of ?? 0,
    parts.reduce((sum, { count }) => sum + count, 0),
  );
  return (
    <span className="inline-flex w-full min-w-0 items-center gap-2">
      <span aria-hidden="true" className="bg-raised flex h-2 min-w-10 flex-1 gap-px overflow-hidden rounded-full">
        {parts.map(({ word, state, count }) => (
          // What is one in ten thousand is seen all the same.
          <span key={word} className={`min-w-1 ${FILLS[state]}`} style={{ width: `${(count / total) * 100}%` }} />
        ))}
      </span>
      {!isBare && (
        // Bars that stand below each other are of one length.
        <span className="sm:min-w-24">
          <StateCounts counts={counts} />
        </span>
      )}
    </span>
  );
}

export function StateCounts({ counts }: { readonly counts: Readonly<Record<string, number>> }) {
  return (
    <span className="inline-flex shrink-0 items-center gap-2 tabular-nums">
      {partsOf(counts).map(({ word, state, count }) => (
        <span
          key={word}
          className="text-strong inline-flex items-center gap-1"
          title={`${grouped(count)} ${spaced(word)}`}
        >
          <StateShape state={state} size={11} />
          {grouped(count)}
          <span className="sr-only">{spaced(word)}</span>
        </span>
      ))}
    </span>
  );
}
