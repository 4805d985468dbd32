import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { ClusterView, RegisterAnswer } from '#contract';
import { api, part } from '../api/client.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Copy } from '../ui/copy.js';
import { Dialog } from '../ui/dialog.js';
import { TextField } from '../ui/field.js';
import { Time } from '../ui/time.js';

/** A new line that installs the agent: for one that never joined, or lost its key. It is kept nowhere in the page. */
export function TokenDialog({
  cluster: { name, facts, status },
  onClose,
}: {
  readonly cluster: ClusterView;
  readonly onClose: () => void;
}) {
  const wasKept = facts['agent.mode'] === 'namespaced';
  const [namespaces, setNamespaces] = useState(wasKept ? (facts['agent.namespaces'] ?? '').split(',').join(', ') : '');
  const names = namespaces.split(/[\s,]+/).filter((each) => each !== '');
  const invite = useMutation({
    mutationFn: () =>
      api.post<RegisterAnswer>(
        `/api/v1/clusters/${part(name)}/token`,
        names.length > 0 ? { namespaces: names } : wasKept ? { clusterWide: true } : {},
      ),
    gcTime: 0,
  });
  return (
    <Dialog title={`New join token for ${name}`} onClose={onClose}>
      {invite.data ? (
        <div className="flex flex-col gap-3" role="status">
          <p>
            Run this where <code>kubectl</code> points at {name}. It holds a token for one agent, is shown this once,
            and ends <Time at={invite.data.expiresAt} />:
          </p>
          <Copy text={invite.data.command} />
          {invite.data.namespaces && (
            <p>
              The agent will have rights in {invite.data.namespaces.join(', ')} and nowhere else. Each must exist, or
              kubectl says NotFound.
            </p>
          )}
          <div className="flex justify-end">
            <Button onClick={onClose}>Done</Button>
          </div>
        </div>
      ) : (
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (!invite.isPending) invite.mutate();
          }}
        >
          <p>
            It makes the line that installs the agent once more; one that was made before ends, and so does the token in
            it.
            {status !== 'waiting' && ' The agent that runs goes on until another joins in its place.'}
          </p>
          <TextField
            label="Keep the agent to these namespaces"
            placeholder="the whole cluster"
            value={namespaces}
            onChange={({ target }) => setNamespaces(target.value)}
            hint={
              wasKept && names.length === 0
                ? 'It was kept to namespaces before; left empty, it gets the whole cluster.'
                : 'With commas between them; left empty, it gets the whole cluster.'
            }
          />
          {invite.error && <Refusal error={invite.error} />}
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={onClose}>Don’t</Button>
            <Button type="submit" tone="primary" isBusy={invite.isPending}>
              Make a new token
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
