import { useSyncExternalStore } from 'react';

interface Told {
  readonly id: number;
  readonly text: string;
  readonly isBad: boolean;
}

let told: readonly Told[] = [];
let next = 1;
const listeners = new Set<() => void>();
const set = (all: readonly Told[]): void => {
  told = all;
  for (const listen of listeners) listen();
};

/** Says at the edge of the page what became of an act; read out, and gone by itself after a while unless it is bad news. */
export function tell(text: string, isBad = false): void {
  const id = next++;
  set([...told.slice(-3), { id, text, isBad }]);
  if (!isBad) setTimeout(() => set(told.filter((each) => each.id !== id)), 8_000);
}

export function ToldMessages() {
  const all = useSyncExternalStore(
    (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    () => told,
  );
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-3 z-50 max-sm:bottom-[calc(0.75rem+var(--foot,0px))] flex flex-col items-end gap-2"
    >
      {all.map(({ id, text, isBad }) => (
        <div
          key={id}
          className={`bg-card pointer-events-auto flex max-w-lg items-start gap-3 rounded-lg border p-3 shadow-lg ${isBad ? 'border-danger text-danger' : 'border-line text-strong'}`}
        >
          <span className="min-w-0 break-words">{text}</span>
          <button
            type="button"
            aria-label="Dismiss"
            className="hover:bg-raised -m-1 grid size-7 shrink-0 place-items-center rounded"
            onClick={() => set(told.filter((each) => each.id !== id))}
          >
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
