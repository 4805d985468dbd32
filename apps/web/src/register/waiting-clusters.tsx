import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ClusterView, RegisterAnswer } from '#contract';
import { api, part } from '../api/client.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { TextField } from '../ui/field.js';
import { Card } from '../ui/page.js';
import { Time } from '../ui/time.js';

const SHOWN = 20;

/** Those that were registered and never joined: whoever lost the line makes another. */
export function WaitingClusters({ onAnother }: { readonly onAnother: (answer: RegisterAnswer) => void }) {
  const { data } = useQuery({
    queryKey: ['clusters', 'waiting'],
    queryFn: ({ signal }) =>
      api.get<{ items: ClusterView[]; next?: string }>('/api/v1/clusters', { status: 'waiting', limit: SHOWN }, signal),
  });
  const [chosen, setChosen] = useState<string | null>(null);
  const waiting = data?.items ?? [];
  if (waiting.length === 0) return null;
  return (
    <Card title="Registered, and not joined yet">
      <ul className="divide-line flex flex-col divide-y">
        {waiting.map(({ name, createdAt }) => (
          <li key={name} className="flex flex-col gap-2 py-2">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <span className="text-strong font-medium break-all">{name}</span>
              <span className="text-muted">
                registered <Time at={createdAt} />
              </span>
              <Button
                className="ml-auto"
                aria-expanded={chosen === name}
                onClick={() => setChosen(chosen === name ? null : name)}
              >
                Another line …<span className="sr-only"> for {name}</span>
              </Button>
            </div>
            {chosen === name && <Again name={name} onAnother={onAnother} />}
          </li>
        ))}
      </ul>
      {data?.next !== undefined && <p className="text-muted">And more: the fleet’s filter finds them.</p>}
    </Card>
  );
}

/** The hub keeps no record of how far an agent's rights were to go before it joined, so that it is said again. */
function Again({ name, onAnother }: { readonly name: string; readonly onAnother: (answer: RegisterAnswer) => void }) {
  const [text, setText] = useState('');
  const again = useMutation({
    mutationFn: () => {
      const namespaces = text.split(/[\s,]+/).filter((each) => each !== '');
      return api.post<RegisterAnswer>(`/api/v1/clusters/${part(name)}/token`, {
        ...(namespaces.length > 0 && { namespaces }),
      });
    },
    gcTime: 0,
    onSuccess: onAnother,
  });
  return (
    <form
      className="bg-raised flex flex-col gap-3 rounded-md p-3"
      onSubmit={(event) => {
        event.preventDefault();
        again.mutate();
      }}
    >
      <TextField
        label="Namespaces (optional)"
        hint="The agent’s rights end at these; without any it has the whole cluster. The line before works no more."
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {again.error && <Refusal error={again.error} />}
      <div>
        <Button type="submit" tone="primary" isBusy={again.isPending}>
          Make another line
        </Button>
      </div>
    </form>
  );
}
