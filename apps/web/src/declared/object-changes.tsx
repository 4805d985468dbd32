import { dump } from 'js-yaml';
import { useMemo, useState, type ReactNode } from 'react';
import { diffHunks } from '#domain/unified-diff';
import { Button } from '../ui/button.js';
import { DiffText } from '../ui/diff-text.js';
import { ObjectLink } from './object-link.js';

/** As many objects as are shown before somebody asks for more. */
const SHOWN = 100;
/** So few are shown open. */
const FEW = 3;

/** One object that is, or would be, otherwise than it was. */
export interface ObjectChange {
  readonly kind: string;
  readonly name: string;
  readonly file: string;
  readonly change: string;
  /** What became of it, in words. */
  readonly word: string;
  readonly before: unknown;
  readonly after: unknown;
  /** More to say of it. */
  readonly more?: ReactNode;
}

const TONES: Readonly<Record<string, string>> = {
  created: 'text-healthy',
  adopted: 'text-healthy',
  deleted: 'text-failed',
  released: 'text-muted',
};

/** Objects and how each changes, folded where they are many. `what` says to who reads by ear what the list is. */
export function ObjectChanges({ what, changes }: { readonly what: string; readonly changes: readonly ObjectChange[] }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <div className="flex flex-col gap-2">
      <ul className="flex flex-col gap-2" aria-label={what}>
        {changes.slice(0, shown).map((change) => (
          <Change key={`${change.kind}/${change.name}`} change={change} isOpen={changes.length <= FEW} />
        ))}
      </ul>
      {changes.length > shown && (
        <Button onClick={() => setShown(shown + SHOWN)}>
          Show {Math.min(SHOWN, changes.length - shown)} more of {changes.length}
        </Button>
      )}
    </div>
  );
}

function Change({ change, isOpen: isOpenAtFirst }: { readonly change: ObjectChange; readonly isOpen: boolean }) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const { kind, name, file, word, before, after, more } = change;
  const hasDiff = change.change !== 'released';
  return (
    <li className="border-line bg-card flex min-w-0 flex-col gap-2 rounded-lg border p-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <ObjectLink kind={kind} name={name} />
        <span className={`font-medium ${TONES[change.change] ?? 'text-drifted'}`}>{word}</span>
        <code className="text-muted min-w-0 text-xs break-all">{file}</code>
        {hasDiff && (
          <button
            type="button"
            aria-expanded={isOpen}
            aria-label={`${isOpen ? 'Fold' : 'Show'} what changes of ${kind} ${name}`}
            onClick={() => setOpen(!isOpen)}
            className="text-accent ml-auto min-h-11 px-2 underline sm:min-h-7"
          >
            {isOpen ? 'Fold' : 'Show'}
          </button>
        )}
      </div>
      {more}
      {hasDiff && isOpen && <Difference kind={kind} name={name} before={before} after={after} />}
    </li>
  );
}

function Difference({ kind, name, before, after }: Pick<ObjectChange, 'kind' | 'name' | 'before' | 'after'>) {
  const diff = useMemo(() => diffHunks(yamlText(before), yamlText(after)), [before, after]);
  return diff === '' ? (
    <p className="text-muted">The same in every field.</p>
  ) : (
    <DiffText diff={diff} label={`${kind} ${name}`} />
  );
}

function yamlText(value: unknown): string {
  return value === null || value === undefined ? '' : dump(value, { lineWidth: -1, noRefs: true });
}
