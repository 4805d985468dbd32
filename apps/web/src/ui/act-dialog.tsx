import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type ReactNode } from 'react';
import { api, HubProblem } from '../api/client.js';
import { Button, Spinner } from './button.js';
import { Dialog } from './dialog.js';
import { tell } from './tell.js';

/** What every command answers. */
export interface ActAnswer {
  readonly changed: boolean;
  readonly changes: readonly string[];
  readonly message: string;
}

/** An act on something, as a dialog asks it. */
export interface Act {
  /** The dialog's heading: `Pause rollout web-12`. */
  readonly title: string;
  /** The button's word: `Pause`. */
  readonly verb: string;
  /** `/api/v1/rollouts/web-12/pause`: a command that knows `?dryRun=true`. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly reason: 'required' | 'optional';
  readonly isDangerous?: boolean;
  /** What the answer says, where it is no ActAnswer. */
  readonly read?: (answer: never) => ActAnswer;
  /** What a person can do about a refusal with that code, where the dialog knows. */
  readonly mend?: (code: string) => ReactNode;
}

/**
 * Says what an act will do, by the hub's own dry run, takes a reason, and does it. Nothing is shown as done before the hub says
 * that it is. `children`: fields that make the body; the dry run is asked again as it changes.
 */
export function ActDialog({
  act,
  onClose,
  onDone,
  children,
}: {
  readonly act: Act;
  readonly onClose: () => void;
  readonly onDone?: (answer: ActAnswer) => void;
  readonly children?: ReactNode;
}) {
  const [reason, setReason] = useState('');
  // One for each dialog: pressed again after a cut line, it is carried out once.
  const [key] = useState(() => crypto.randomUUID());
  const queries = useQueryClient();
  const field = useId();
  const read = (answer: unknown): ActAnswer => (act.read ? act.read(answer as never) : (answer as ActAnswer));
  const preview = useQuery({
    queryKey: ['preview', act.path, act.body],
    // Where a reason has to be, a dry run wants one too; it changes nothing of the answer but the words in which it is quoted.
    queryFn: async ({ signal }) => {
      const body = { ...act.body, ...(act.reason === 'required' && { reason: 'the reason that you type' }) };
      return read(await api.post(act.path, body, { query: { dryRun: true }, signal }));
    },
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const carry = useMutation({
    mutationFn: async () => {
      const text = reason.trim();
      return read(await api.post(act.path, { ...act.body, ...(text !== '' && { reason: text }) }, { key }));
    },
    onSuccess: async (answer) => {
      tell(answer.message);
      await queries.invalidateQueries();
      onDone?.(answer);
      onClose();
    },
  });
  const isReady = preview.isSuccess && (act.reason === 'optional' || reason.trim() !== '');
  return (
    <Dialog title={act.title} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !carry.isPending) carry.mutate();
        }}
      >
        {children}
        <div className="bg-raised flex flex-col gap-2 rounded-md p-3" aria-live="polite" aria-busy={preview.isFetching}>
          {preview.isPending && (
            <p className="flex items-center gap-2">
              <Spinner /> Asking the hub what this would do …
            </p>
          )}
          {preview.error && <Refusal error={preview.error} mend={act.mend} />}
          {preview.data && (
            <>
              <p className="text-strong font-medium">
                {preview.data.changed ? 'What it will do:' : 'It would change nothing.'}
              </p>
              <ul
                className="flex max-h-56 list-disc flex-col gap-1 overflow-auto pl-5"
                tabIndex={0}
                aria-label="What it will do"
              >
                {preview.data.changes.map((change, index) => (
                  <li key={index}>{change}</li>
                ))}
              </ul>
              <p>{preview.data.message}</p>
            </>
          )}
        </div>
        <div className="flex flex-col gap-1">
          <label htmlFor={field} className="text-strong font-medium">
            Reason {act.reason === 'optional' && <span className="text-muted font-normal">(optional)</span>}
          </label>
          <input
            id={field}
            value={reason}
            maxLength={500}
            required={act.reason === 'required'}
            autoComplete="off"
            placeholder="For the history and the audit"
            onChange={(event) => setReason(event.target.value)}
            className="border-line bg-card text-strong min-h-11 rounded-md border px-2.5 sm:min-h-8"
          />
        </div>
        {carry.error && <Refusal error={carry.error} mend={act.mend} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Don’t</Button>
          <Button
            type="submit"
            tone={act.isDangerous ? 'danger' : 'primary'}
            disabled={!isReady}
            isBusy={carry.isPending}
          >
            {act.verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why the hub would not, with the fields that are wrong. */
export function Refusal({
  error,
  mend,
}: {
  readonly error: unknown;
  readonly mend?: ((code: string) => ReactNode) | undefined;
}) {
  const problem = error instanceof HubProblem ? error.problem : undefined;
  return (
    <div role="alert" className="text-danger flex flex-col gap-1">
      <p className="font-medium break-words">{error instanceof Error ? error.message : String(error)}</p>
      {problem?.errors?.map(({ path, message }) => (
        <p key={path}>
          <code>{path}</code> {message}
        </p>
      ))}
      {problem && <code className="text-muted text-xs">{problem.code}</code>}
      {problem && mend?.(problem.code)}
    </div>
  );
}
