import { useMemo, useState } from 'react';
import { Button } from './button.js';
import { diffCounts, diffLines, type DiffLine } from './diff-lines.js';

/** As many lines as are shown before somebody asks for more. */
const SHOWN = 300;

const LOOKS: Readonly<
  Record<DiffLine['kind'], { readonly sign: string; readonly row: string; readonly mark: string }>
> = {
  added: { sign: '+', row: 'bg-healthy/12', mark: 'bg-healthy/30' },
  removed: { sign: '−', row: 'bg-failed/12', mark: 'bg-failed/30' },
  same: { sign: '', row: '', mark: '' },
  gap: { sign: '', row: 'bg-raised text-muted', mark: '' },
};

/**
 * A unified diff, line by line: what came and went by sign, colour and element, the part of a line that changed marked, long lines
 * broken, and of a long diff the beginning until somebody asks for the rest. `label` says of what, to who reads by ear.
 */
export function DiffText({
  diff,
  label = 'Difference',
  isCut = false,
}: {
  readonly diff: string;
  readonly label?: string;
  /** Whoever made it left the rest out. */
  readonly isCut?: boolean;
}) {
  const lines = useMemo(() => diffLines(diff), [diff]);
  const [shown, setShown] = useState(SHOWN);
  const width = `${String(lines.reduce((most, { before = 0, after = 0 }) => Math.max(most, before, after), 0)).length + 1}ch`;
  const rest = lines.length - shown;
  const { added, removed } = diffCounts(lines);
  return (
    <div
      role="group"
      aria-label={`${label}: ${added} ${added === 1 ? 'line' : 'lines'} added, ${removed} removed`}
      className="border-line bg-card min-w-0 overflow-hidden rounded-md border font-mono text-xs leading-5"
    >
      {lines.slice(0, shown).map((line, index) => (
        <Line key={index} line={line} width={width} />
      ))}
      {rest > 0 && (
        <div className="bg-raised border-line border-t p-2 font-sans text-sm">
          <Button onClick={() => setShown((present) => present + SHOWN * 4)}>
            Show {Math.min(rest, SHOWN * 4)} more lines
          </Button>
        </div>
      )}
      {isCut && rest <= 0 && (
        <p className="bg-raised text-muted border-line border-t px-3 py-2 font-sans text-sm">
          It is longer than can be shown; the rest is left out.
        </p>
      )}
    </div>
  );
}

function Line({ line, width }: { readonly line: DiffLine; readonly width: string }) {
  const { kind, text, before, after } = line;
  const { sign, row } = LOOKS[kind];
  if (kind === 'gap') return <p className={`${row} px-3 font-sans`}>⋯ {text}</p>;
  return (
    <div className={`flex ${row}`}>
      {[before, after].map((number, side) => (
        <span
          key={side}
          aria-hidden="true"
          className="text-muted hidden shrink-0 px-1 text-right select-none sm:block"
          style={{ width }}
        >
          {number}
        </span>
      ))}
      <span
        className={`w-5 shrink-0 text-center font-bold select-none ${kind === 'added' ? 'text-healthy' : 'text-failed'}`}
      >
        {sign}
      </span>
      <code className="text-strong min-w-0 flex-1 pr-2 break-words whitespace-pre-wrap">
        {kind === 'added' ? (
          <ins className="no-underline">
            <Marked line={line} />
          </ins>
        ) : kind === 'removed' ? (
          <del className="no-underline">
            <Marked line={line} />
          </del>
        ) : (
          text
        )}
      </code>
    </div>
  );
}

function Marked({ line: { kind, text, marked } }: { readonly line: DiffLine }) {
  if (!marked) return text;
  const [from, to] = marked;
  return (
    <>
      {text.slice(0, from)}
      {to > from && <b className={`rounded-sm ${LOOKS[kind].mark}`}>{text.slice(from, to)}</b>}
      {text.slice(to)}
    </>
  );
}
