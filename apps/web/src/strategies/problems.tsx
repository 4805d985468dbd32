import type { CheckedDraft } from './use-checked-draft.js';

const SHOWN = 12;

/** What to mend, each a way to its line; or that nothing is wrong. */
export function Problems({
  id,
  checked: { problems, isTaken },
  onGo,
}: {
  readonly id: string;
  readonly checked: CheckedDraft;
  readonly onGo: (line: number) => void;
}) {
  return (
    <div id={id} role="status" className="min-h-6">
      {problems.length === 0 ? (
        <p className="text-healthy font-medium">✓ {isTaken ? 'The hub would take it.' : 'Right by its schema.'}</p>
      ) : (
        <>
          <p className="text-danger font-medium">
            {problems.length === 1 ? 'One thing to mend' : `${problems.length} things to mend`}
          </p>
          <ul className="flex flex-col">
            {problems.slice(0, SHOWN).map(({ line, field, message }, index) => (
              <li key={index}>
                <button
                  type="button"
                  onClick={() => onGo(line)}
                  className="hover:bg-raised min-h-8 w-full rounded px-1 py-1 text-left break-words"
                >
                  <span className="text-accent underline">Line {line}</span>{' '}
                  {field !== '' && <code className="text-strong">{field}</code>} {message}
                </button>
              </li>
            ))}
          </ul>
          {problems.length > SHOWN && <p className="text-muted">and {problems.length - SHOWN} more</p>}
        </>
      )}
    </div>
  );
}
