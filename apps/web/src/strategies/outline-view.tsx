import { outlineOf, sharesOf } from './outline.js';

/** Waves one after another as a stair: what is before each, how much it takes, and what it waits for afterwards. */
export function OutlineView({
  document,
  totals,
}: {
  readonly document: unknown;
  /** Clusters of each wave as they are planned; null: nothing is planned. */
  readonly totals: readonly number[] | null;
}) {
  const waves = outlineOf(document);
  if (waves.length === 0) return <p className="text-muted">There are no waves yet.</p>;
  const isPlanned = totals?.length === waves.length;
  const shares = sharesOf(waves.length, isPlanned ? totals : null);
  return (
    <div className="flex flex-col gap-2">
      <ol className="flex flex-col gap-1.5" aria-label="Waves">
        {waves.map(({ name, take, before, after, notes }, index) => {
          const [from, size] = shares[index] ?? [0, 0];
          return (
            <li key={index} className="flex flex-col gap-1">
              {before.length > 0 && <Gates side="before" gates={before} />}
              <div className="flex flex-wrap items-baseline gap-x-2">
                <span className="text-strong font-medium break-all">{name}</span>
                <span>takes {take}</span>
                {isPlanned && (
                  <span className="text-muted">
                    = {totals[index]} {totals[index] === 1 ? 'cluster' : 'clusters'}
                  </span>
                )}
                {notes.length > 0 && (
                  <span className="text-muted min-w-0 text-xs break-words">{notes.join(' · ')}</span>
                )}
              </div>
              <div aria-hidden="true" className="bg-raised relative h-2.5 overflow-hidden rounded-sm">
                <div className="bg-accent/30 absolute inset-y-0 left-0" style={{ width: `${from}%` }} />
                <div
                  className="bg-accent absolute inset-y-0 rounded-sm"
                  style={{ left: `${from}%`, width: `${size}%`, minWidth: size > 0 ? 3 : 0 }}
                />
              </div>
              {after.length > 0 && <Gates side="after" gates={after} />}
            </li>
          );
        })}
      </ol>
      <p className="text-muted text-xs">
        {isPlanned ? 'Bars are the clusters of the plan.' : 'Bars are not to scale: there is no plan.'}
      </p>
    </div>
  );
}

function Gates({ side, gates }: { readonly side: 'before' | 'after'; readonly gates: readonly string[] }) {
  return (
    <p className="flex flex-wrap items-center gap-1 text-xs">
      <span className="text-muted">{side === 'before' ? 'first' : 'then'}</span>
      {gates.map((gate, index) => (
        <span key={index} className="border-held text-held rounded border px-1.5 font-medium">
          {gate}
        </span>
      ))}
    </p>
  );
}
