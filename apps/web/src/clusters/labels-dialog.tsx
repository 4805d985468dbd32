import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ClusterView } from '#contract';
import { api, part } from '../api/client.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { tell } from '../ui/tell.js';
import { labelChanges, labelProblems, labelRows, labelsOf, type LabelRow } from './label-rows.js';

const BOX =
  'border-line bg-card text-strong min-h-11 w-full min-w-0 rounded-md border px-2 font-mono aria-invalid:border-danger sm:min-h-8';

/** Sets labels and takes them away; says what that does before it is done. */
export function LabelsDialog({ cluster, onClose }: { readonly cluster: ClusterView; readonly onClose: () => void }) {
  // As they were when the dialog opened: what somebody else writes meanwhile does not move the fields.
  const [before] = useState(cluster.labels);
  const [rows, setRows] = useState<readonly LabelRow[]>(() => labelRows(before));
  const queries = useQueryClient();
  const problems = labelProblems(rows);
  const labels = labelsOf(rows);
  const changes = labelChanges(before, labels);
  const save = useMutation({
    mutationFn: () => api.patch<ClusterView>(`/api/v1/clusters/${part(cluster.name)}`, { labels }),
    onSuccess: async () => {
      tell(`${cluster.name} is labelled. What runs there stays; placement looks at its labels for the next release.`);
      await queries.invalidateQueries();
      onClose();
    },
  });
  const isReady = changes.length > 0 && problems.size === 0;
  const write = (id: number, change: Partial<LabelRow>): void =>
    setRows(rows.map((row) => (row.id === id ? { ...row, ...change } : row)));
  return (
    <Dialog title={`Labels of ${cluster.name}`} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !save.isPending) save.mutate();
        }}
      >
        <ul className="flex flex-col gap-2">
          {rows.map(({ id, key, value }, index) => (
            <li key={id}>
              <div className="grid grid-cols-[1fr_1fr_auto] gap-2">
                <input
                  className={BOX}
                  aria-label={`Key of label ${index + 1}`}
                  placeholder="key"
                  value={key}
                  autoCapitalize="none"
                  spellCheck={false}
                  aria-invalid={problems.has(id) || undefined}
                  aria-describedby={problems.has(id) ? `label-${id}` : undefined}
                  onChange={({ target }) => write(id, { key: target.value.trim() })}
                />
                <input
                  className={BOX}
                  aria-label={`Value of label ${index + 1}`}
                  placeholder="value"
                  value={value}
                  autoCapitalize="none"
                  spellCheck={false}
                  aria-invalid={problems.has(id) || undefined}
                  aria-describedby={problems.has(id) ? `label-${id}` : undefined}
                  onChange={({ target }) => write(id, { value: target.value.trim() })}
                />
                <Button
                  tone="quiet"
                  aria-label={`Take label ${key || index + 1} away`}
                  onClick={() => setRows(rows.filter((row) => row.id !== id))}
                >
                  ×
                </Button>
              </div>
              {problems.has(id) && (
                <p id={`label-${id}`} role="alert" className="text-danger mt-1">
                  {problems.get(id)}
                </p>
              )}
            </li>
          ))}
        </ul>
        <div>
          <Button
            onClick={() =>
              setRows([...rows, { id: 1 + Math.max(-1, ...rows.map(({ id }) => id)), key: '', value: '' }])
            }
          >
            Add a label
          </Button>
        </div>
        <div className="bg-raised flex flex-col gap-2 rounded-md p-3" aria-live="polite">
          {changes.length === 0 ? (
            <p>It would change nothing.</p>
          ) : (
            <>
              <p className="text-strong font-medium">It:</p>
              <ul className="list-disc pl-5">
                {changes.map((change) => (
                  <li key={change} className="break-all">
                    {change}
                  </li>
                ))}
              </ul>
              <p>What runs there stays. Placement looks at labels for the next release.</p>
            </>
          )}
        </div>
        {save.error && <Refusal error={save.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Don’t</Button>
          <Button type="submit" tone="primary" disabled={!isReady} isBusy={save.isPending}>
            Save labels
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
