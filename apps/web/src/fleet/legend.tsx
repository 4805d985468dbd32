import { CELL_STATES, type CellState } from '#domain/cell-state';
import { StateShape } from '../ui/state-mark.js';
import { STATE_WORDS } from '../ui/states.js';
import type { FleetModel } from './fleet-model.js';
import { toggled } from './state-choice.js';

/** What each shape and colour means, and how many there are; pressed, only those are shown. */
export function Legend({
  model,
  places,
  chosen,
  onChoose,
}: {
  readonly model: FleetModel;
  readonly places: Int32Array;
  readonly chosen: readonly CellState[];
  readonly onChoose: (state: string | undefined) => void;
}) {
  const counts = new Int32Array(CELL_STATES.length);
  for (const place of places) {
    const state = model.states[place] ?? 0;
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return (
    <div
      role="group"
      aria-label="States"
      className="-mx-3 flex max-w-[100vw] gap-1.5 overflow-x-auto px-3 py-0.5 sm:mx-0 sm:flex-wrap sm:overflow-visible sm:px-0"
    >
      {CELL_STATES.map((state, index) => {
        const many = counts[index] ?? 0;
        const isChosen = chosen.includes(state);
        if (many === 0 && !isChosen) return null;
        return (
          <button
            key={state}
            type="button"
            aria-pressed={isChosen}
            onClick={() => onChoose(toggled(chosen, state))}
            className={`flex min-h-11 shrink-0 items-center gap-1.5 rounded-md border px-2 whitespace-nowrap sm:min-h-7 ${isChosen ? 'border-strong bg-raised text-strong' : 'border-line hover:bg-raised'} ${chosen.length > 0 && !isChosen ? 'text-muted' : ''}`}
          >
            <StateShape state={state} />
            {STATE_WORDS[state]}
            <span className="text-strong font-medium tabular-nums">{many.toLocaleString()}</span>
          </button>
        );
      })}
      {chosen.length > 0 && (
        <button
          type="button"
          className="text-accent min-h-11 shrink-0 rounded-md px-2 font-medium sm:min-h-7"
          onClick={() => onChoose(undefined)}
        >
          Show all states
        </button>
      )}
    </div>
  );
}
