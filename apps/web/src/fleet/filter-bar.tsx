import { useEffect, useId, useState } from 'react';
import { Button } from '../ui/button.js';
import { barBox } from '../ui/field.js';
import type { FleetModel } from './fleet-model.js';
import type { FleetSearch } from './search.js';

/** How long somebody has stopped typing before the filter is taken. */
const TYPED_MS = 250;

/** The filter's line, what it is grouped by and for which application; on a phone all but the line is folded away. */
export function FilterBar({
  model,
  search,
  group,
  applications,
  error,
  notes,
  onSearch,
}: {
  readonly model: FleetModel;
  readonly search: FleetSearch;
  /** What it is grouped by now, whoever chose it. */
  readonly group: string | undefined;
  readonly applications: readonly string[];
  readonly error: string | undefined;
  readonly notes: readonly string[];
  readonly onSearch: (search: Partial<FleetSearch>) => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const keys = [...model.columns.keys()];
  const chosen = [search.application, search.release, search.lags].filter(Boolean).length;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-start gap-2">
        <FilterLine
          q={search.q ?? ''}
          error={error}
          notesId={notes.length > 0 ? `${id}-notes` : undefined}
          onChange={(q) => onSearch({ q })}
        />
        <Button
          className="sm:hidden"
          aria-expanded={isOpen}
          aria-controls={`${id}-more`}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Less' : 'More'}
          {chosen > 0 && ` (${chosen})`}
        </Button>
        <div
          id={`${id}-more`}
          className={`w-full flex-wrap items-center gap-2 sm:flex sm:w-auto ${isOpen ? 'flex' : 'hidden'}`}
        >
          <label className="flex min-w-0 items-center gap-1.5">
            <span className="text-muted">Group by</span>
            <select
              className={barBox}
              value={group ?? 'none'}
              onChange={(event) => onSearch({ group: event.target.value })}
            >
              <option value="none">nothing</option>
              {group !== undefined && !keys.includes(group) && (
                <option value={group}>{group} (no cluster has it)</option>
              )}
              <optgroup label="Labels">
                {keys.map((key) => !key.startsWith('fact.') && <option key={key}>{key}</option>)}
              </optgroup>
              <optgroup label="Facts">
                {keys.map((key) => key.startsWith('fact.') && <option key={key}>{key}</option>)}
              </optgroup>
            </select>
          </label>
          <label className="flex min-w-0 items-center gap-1.5">
            <span className="text-muted">Application</span>
            <select
              className={barBox}
              value={search.application ?? ''}
              onChange={(event) => onSearch({ application: event.target.value, release: undefined, lags: undefined })}
            >
              <option value="">all, the worst of them</option>
              {search.application !== undefined && !applications.includes(search.application) && (
                <option>{search.application}</option>
              )}
              {applications.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          {search.application !== undefined && (
            <label className="text-muted flex min-h-11 items-center gap-1.5 sm:min-h-8">
              <input
                type="checkbox"
                className="accent-accent size-4"
                checked={search.others === 'yes'}
                onChange={(event) => onSearch({ others: event.target.checked ? 'yes' : undefined })}
              />
              also where it is not
            </label>
          )}
        </div>
      </div>
      {notes.length > 0 && (
        <p id={`${id}-notes`} role="status" className="text-warn">
          {notes.join(' ')}
        </p>
      )}
    </div>
  );
}

function FilterLine({
  q,
  error,
  notesId,
  onChange,
}: {
  readonly q: string;
  readonly error: string | undefined;
  readonly notesId: string | undefined;
  readonly onChange: (q: string | undefined) => void;
}) {
  const id = useId();
  const [text, setText] = useState(q);
  const [known, setKnown] = useState(q);
  if (q !== known) {
    // Another link, another text; what was typed here stays as it is.
    setKnown(q);
    if (q !== text.trim()) setText(q);
  }
  const take = (typed: string): void => {
    if (typed.trim() !== q) onChange(typed.trim() === '' ? undefined : typed.trim());
  };
  useEffect(() => {
    const timer = setTimeout(() => take(text), TYPED_MS);
    return () => clearTimeout(timer);
  });
  return (
    <div className="flex min-w-0 flex-1 basis-40 flex-col gap-1 sm:basis-80">
      <input
        data-filter
        type="search"
        aria-label="Filter of clusters"
        aria-invalid={error ? true : undefined}
        aria-describedby={[error && `${id}-error`, notesId].filter(Boolean).join(' ') || undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={2000}
        placeholder="env=prod,state=failed,name~ams"
        title="As kubectl -l, facts as fact.KEY; and state=failed, state in (failed,offline), release=12, release<12, told=12, name~text"
        className={`${barBox} w-full font-mono`}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') take(text);
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      {error && (
        <p id={`${id}-error`} role="alert" className="text-danger">
          {error} Until then everything is shown.
        </p>
      )}
    </div>
  );
}
