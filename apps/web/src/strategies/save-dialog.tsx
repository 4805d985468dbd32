import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { diffHunks } from '#domain/unified-diff';
import type { ApplyResult } from '#contract';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { DiffText } from '../ui/diff-text.js';
import { Dialog } from '../ui/dialog.js';
import { TextField } from '../ui/field.js';
import { tell } from '../ui/tell.js';
import { Loading } from '../ui/words.js';
import { applyStrategy } from './reads.js';
import { yamlText } from './strategy-text.js';

/** What saving changes, by the hub's own dry run; then why, and it is done. */
export function SaveDialog({
  name,
  document,
  usedBy,
  onClose,
  onSaved,
}: {
  readonly name: string;
  readonly document: unknown;
  readonly usedBy: readonly string[];
  readonly onClose: () => void;
  readonly onSaved: () => void;
}) {
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const preview = useQuery({
    queryKey: ['preview', 'apply', document],
    queryFn: ({ signal }) => applyStrategy(document, { dryRun: true, signal }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
    refetchInterval: false,
  });
  const save = useMutation({
    mutationFn: () => applyStrategy(document, { dryRun: false, reason: reason.trim() }),
    onSuccess: async ({ results }) => {
      tell(`Strategy ${name} is ${results[0]?.result ?? 'saved'}. Rollouts that run keep the one they started with.`);
      await queries.invalidateQueries({ queryKey: ['strategies'] });
      onSaved();
    },
  });
  const result = preview.data?.results[0];
  const isReady = result !== undefined && result.result !== 'unchanged' && reason.trim() !== '';
  return (
    <Dialog title={`Save strategy ${name}`} onClose={onClose} isWide>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !save.isPending) save.mutate();
        }}
      >
        {preview.isPending && <Loading what="what it would change" />}
        {preview.error && <Refusal error={preview.error} />}
        {result && <Change result={result} usedBy={usedBy} />}
        <TextField
          label="Reason"
          value={reason}
          maxLength={500}
          required
          placeholder="For the audit"
          onChange={(event) => setReason(event.target.value)}
        />
        {save.error && <Refusal error={save.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Don’t</Button>
          <Button type="submit" tone="primary" disabled={!isReady} isBusy={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const RESULTS: Readonly<Record<ApplyResult['result'], string>> = {
  created: 'It is new.',
  configured: 'It changes so:',
  unchanged: 'It would change nothing.',
  adopted: 'It is taken in again as it was.',
};

function Change({ result, usedBy }: { readonly result: ApplyResult; readonly usedBy: readonly string[] }) {
  const text = (value: unknown): string => (value === null || value === undefined ? '' : yamlText(value));
  const diff = diffHunks(text(result.before), text(result.after));
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <p className="text-strong font-medium">{RESULTS[result.result]}</p>
      {diff !== '' && <DiffText diff={diff} label="What changes" />}
      <p className="text-muted">
        {usedBy.length === 0
          ? 'No application uses it yet.'
          : `Used by ${usedBy.slice(0, 8).join(', ')}${usedBy.length > 8 ? ` and ${usedBy.length - 8} more` : ''}, from the next rollout on.`}{' '}
        Comments in the text are not kept.
      </p>
    </div>
  );
}
