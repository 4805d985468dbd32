import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ClusterView, RemoveAnswer } from '#contract';
import { api, part } from '../api/client.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { TextField } from '../ui/field.js';
import { tell } from '../ui/tell.js';

type Workloads = 'withdraw' | 'leave';

/** Takes a cluster out of the fleet: whoever does says what becomes of what runs there, and writes the cluster's name. */
export function RemoveDialog({
  cluster: { name, status, applications = [] },
  onClose,
  onRemoved,
}: {
  readonly cluster: ClusterView;
  readonly onClose: () => void;
  /** The registration has ended; else the cluster is leaving, and still there. */
  readonly onRemoved: () => void;
}) {
  const neverJoined = status === 'waiting';
  const [workloads, setWorkloads] = useState<Workloads | null>(neverJoined ? 'leave' : null);
  const [typed, setTyped] = useState('');
  const queries = useQueryClient();
  const held = applications.filter(({ release }) => release !== null).map(({ application }) => application);
  const remove = useMutation({
    mutationFn: () => api.delete<RemoveAnswer>(`/api/v1/clusters/${part(name)}`, { workloads: workloads ?? '' }),
    onSuccess: async (answer) => {
      tell(`${name}: ${answer.message}`);
      if (answer.status === 'removed') onRemoved();
      else await queries.invalidateQueries();
      onClose();
    },
  });
  const isReady = workloads !== null && typed === name;
  return (
    <Dialog title={`Remove ${name} from the fleet`} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !remove.isPending) remove.mutate();
        }}
      >
        {neverJoined ? (
          <p>No agent ever joined it, so there is nothing to delete. Its join token ends.</p>
        ) : (
          <fieldset className="flex flex-col gap-2">
            <legend className="text-strong mb-1 font-medium">What becomes of what runs there?</legend>
            <Choice
              title="Delete it"
              value="withdraw"
              chosen={workloads}
              onChoose={setWorkloads}
              text={`Its agent deletes what it applied${held.length > 0 ? ` (${held.join(', ')})` : ''}, all but what bears flotilla.dev/prune: disabled; then the registration ends.`}
            />
            {status === 'offline' && workloads === 'withdraw' && (
              <p className="text-warn pl-8">
                It is offline: nothing is deleted before it comes back. For one that is gone for good, leave it.
              </p>
            )}
            <Choice
              title="Leave it as it is"
              value="leave"
              chosen={workloads}
              onChoose={setWorkloads}
              text="The registration ends now, and the agent is locked out; what it applied goes on running."
            />
          </fieldset>
        )}
        <TextField
          label={`Write ${name} to go on`}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          autoCapitalize="none"
        />
        {remove.error && <Refusal error={remove.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Don’t</Button>
          <Button type="submit" tone="danger" disabled={!isReady} isBusy={remove.isPending}>
            Remove
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Choice({
  title,
  text,
  value,
  chosen,
  onChoose,
}: {
  readonly title: string;
  readonly text: string;
  readonly value: Workloads;
  readonly chosen: Workloads | null;
  readonly onChoose: (value: Workloads) => void;
}) {
  return (
    <label className="border-line has-checked:border-accent flex min-h-11 cursor-pointer gap-3 rounded-md border p-3">
      <input
        type="radio"
        name="workloads"
        className="accent-accent mt-0.5 size-4.5 shrink-0"
        checked={chosen === value}
        onChange={() => onChoose(value)}
      />
      <span>
        <span className="text-strong font-medium">{title}</span>
        <br />
        {text}
      </span>
    </label>
  );
}
