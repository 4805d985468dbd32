import { cellStateOf, STATE_SHAPES, STATE_WORDS, type CellState } from './states.js';

const COLOURS: Readonly<Record<CellState, string>> = {
  healthy: 'text-healthy',
  progressing: 'text-progressing',
  failed: 'text-failed',
  drifted: 'text-drifted',
  held: 'text-held',
  offline: 'text-offline',
  waiting: 'text-waiting',
  leaving: 'text-leaving',
  none: 'text-none',
};

/** The shape alone, for where a word stands beside it anyway. */
export function StateShape({ state, size = 14 }: { readonly state: string; readonly size?: number }) {
  const cell = cellStateOf(state);
  const { path, isFilled } = STATE_SHAPES[cell];
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" className={`shrink-0 ${COLOURS[cell]}`}>
      <path
        d={path}
        fill={isFilled ? 'currentColor' : 'none'}
        stroke={isFilled ? 'none' : 'currentColor'}
        strokeWidth="2.2"
      />
    </svg>
  );
}

/** A state with its shape, its colour and its word; `word` where the API's own says more. */
export function StateMark({ state, word }: { readonly state: string; readonly word?: string }) {
  const cell = cellStateOf(state);
  return (
    <span className={`inline-flex items-center gap-1.5 font-medium whitespace-nowrap ${COLOURS[cell]}`}>
      <StateShape state={state} />
      {word ?? (state in STATE_WORDS ? STATE_WORDS[cell] : spaced(state))}
    </span>
  );
}

/** `succeededWithExceptions` as people write it. */
export function spaced(word: string): string {
  return word.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}
