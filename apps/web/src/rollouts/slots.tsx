/** More of them are drawn as one bar. */
const MAX_DRAWN = 24;

const FILLS = { progressing: 'bg-progressing', failed: 'bg-failed', offline: 'bg-offline' } as const;
const EDGES = { progressing: 'border-progressing', failed: 'border-failed', offline: 'border-offline' } as const;

/** A budget as slots, of which so many are taken; those beyond it stand behind a line. */
export function Slots({
  label,
  used,
  max,
  tone,
  note,
}: {
  readonly label: string;
  readonly used: number;
  readonly max: number;
  readonly tone: keyof typeof FILLS;
  readonly note?: string | undefined;
}) {
  const isOver = used > max;
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <p className="flex flex-wrap items-baseline gap-x-1.5 whitespace-nowrap">
        <span className="text-muted text-xs">{label}</span>
        <span
          className={`font-medium tabular-nums ${isOver && tone !== 'progressing' ? 'text-failed' : 'text-strong'}`}
        >
          {used} of {max}
        </span>
        {note && <span className="text-muted text-xs">{note}</span>}
      </p>
      <div aria-hidden="true" className="flex h-3 flex-wrap items-center gap-0.5 overflow-hidden">
        {Math.max(max, used) <= MAX_DRAWN ? (
          <>
            {Array.from({ length: max }, (_, slot) => (
              <span
                key={slot}
                className={`h-3 w-2.5 rounded-xs border ${EDGES[tone]} ${slot < used ? FILLS[tone] : 'opacity-45'}`}
              />
            ))}
            {isOver && <span className="bg-strong mx-0.5 h-3 w-0.5" />}
            {Array.from({ length: Math.max(0, used - max) }, (_, slot) => (
              <span key={slot} className={`h-3 w-2.5 rounded-xs ${FILLS[tone]}`} />
            ))}
            {max === 0 && !isOver && <span className="border-line h-0 w-8 border-t-2 border-dotted" />}
          </>
        ) : (
          <span className={`flex h-2.5 w-40 max-w-full overflow-hidden rounded-xs border ${EDGES[tone]}`}>
            <span className={FILLS[tone]} style={{ width: `${Math.min(100, (used / Math.max(1, max)) * 100)}%` }} />
          </span>
        )}
      </div>
    </div>
  );
}
