import { useQuery } from '@tanstack/react-query';
import { useId, useMemo } from 'react';
import type { ClusterView } from '#contract';
import { api } from '../api/client.js';
import type { LabelRow } from '../clusters/label-rows.js';
import { Button } from '../ui/button.js';
import { barBox } from '../ui/field.js';

/** As many clusters as are asked for the labels that are usual here. */
const ASKED = 200;

/** Labels as rows of key and value, with those suggested that other clusters have. */
export function LabelFields({
  rows,
  problems,
  onChange,
}: {
  readonly rows: readonly LabelRow[];
  /** By a row's id. */
  readonly problems: ReadonlyMap<number, string>;
  readonly onChange: (rows: readonly LabelRow[]) => void;
}) {
  const id = useId();
  const known = useKnownLabels();
  const set = (row: number, part: Partial<LabelRow>): void =>
    onChange(rows.map((each) => (each.id === row ? { ...each, ...part } : each)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="text-strong mb-1 font-medium">Labels</legend>
      <p id={`${id}-hint`} className="text-muted">
        Placements, waves and scopes choose clusters by them, such as <code>env</code> = <code>prod</code>.
      </p>
      <datalist id={`${id}-keys`}>
        {[...known.keys()].map((key) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      {rows.map((row, index) => {
        const problem = problems.get(row.id);
        const describedBy = problem ? `${id}-${row.id}-error` : `${id}-hint`;
        return (
          <div key={row.id} className="flex flex-col gap-1">
            <div className="flex items-center gap-2">
              <input
                aria-label={`Key of label ${index + 1}`}
                aria-invalid={problem ? true : undefined}
                aria-describedby={describedBy}
                list={`${id}-keys`}
                value={row.key}
                maxLength={317}
                placeholder="key"
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => set(row.id, { key: event.target.value.trim() })}
                className={`${barBox} min-w-0 flex-1`}
              />
              <span aria-hidden="true" className="text-muted">
                =
              </span>
              <input
                aria-label={`Value of label ${index + 1}`}
                aria-invalid={problem ? true : undefined}
                aria-describedby={describedBy}
                list={`${id}-${row.id}-values`}
                value={row.value}
                placeholder="value"
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => set(row.id, { value: event.target.value.trim() })}
                className={`${barBox} min-w-0 flex-1`}
              />
              <datalist id={`${id}-${row.id}-values`}>
                {[...(known.get(row.key) ?? [])].map((value) => (
                  <option key={value} value={value} />
                ))}
              </datalist>
              <Button
                tone="quiet"
                aria-label={`Remove label ${index + 1}`}
                onClick={() => onChange(rows.filter((each) => each.id !== row.id))}
                className="px-2"
              >
                ×
              </Button>
            </div>
            {problem && (
              <p id={`${id}-${row.id}-error`} role="alert" className="text-danger">
                {problem}
              </p>
            )}
          </div>
        );
      })}
      <div>
        <Button
          onClick={() =>
            onChange([...rows, { id: Math.max(-1, ...rows.map((row) => row.id)) + 1, key: '', value: '' }])
          }
        >
          Add a label
        </Button>
      </div>
    </fieldset>
  );
}

/** Keys and values that clusters of the fleet have. */
function useKnownLabels(): ReadonlyMap<string, ReadonlySet<string>> {
  const { data } = useQuery({
    queryKey: ['clusters', 'labels'],
    queryFn: ({ signal }) => api.get<{ items: ClusterView[] }>('/api/v1/clusters', { limit: ASKED }, signal),
    staleTime: 60_000,
  });
  return useMemo(() => {
    const known = new Map<string, Set<string>>();
    for (const { labels } of data?.items ?? [])
      for (const [key, value] of Object.entries(labels)) known.set(key, (known.get(key) ?? new Set()).add(value));
    return new Map([...known].sort(([a], [b]) => (a < b ? -1 : 1)));
  }, [data]);
}
