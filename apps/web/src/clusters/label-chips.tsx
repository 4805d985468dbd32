const MOST = 6;

/** Labels as chips, in the order of the alphabet; of many the first. `onPick`: pressed, it becomes a filter. */
export function LabelChips({
  labels,
  most = MOST,
  isOneLine = false,
  onPick,
}: {
  readonly labels: Readonly<Record<string, string>>;
  readonly most?: number;
  readonly isOneLine?: boolean;
  readonly onPick?: (requirement: string) => void;
}) {
  const all = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`));
  const look = 'bg-raised text-text inline-block max-w-full truncate rounded px-1.5 font-mono text-xs leading-6';
  if (all.length === 0) return <span className="text-muted">none</span>;
  return (
    <span
      className={`inline-flex max-w-full min-w-0 gap-1 align-middle ${isOneLine ? '' : 'flex-wrap'}`}
      title={all.join('\n')}
    >
      {all.slice(0, most).map((text) =>
        onPick ? (
          <button
            key={text}
            type="button"
            className={`${look} hover:text-accent`}
            aria-label={`Show only ${text}`}
            onClick={() => onPick(text)}
          >
            {text}
          </button>
        ) : (
          <span key={text} className={look}>
            {text}
          </span>
        ),
      )}
      {all.length > most && <span className="text-muted leading-6">+{all.length - most}</span>}
    </span>
  );
}
