import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { useState } from 'react';
import type { FleetCells } from '#contract';
import { api } from '../api/client.js';
import { applications, rollouts } from '../api/queries.js';
import { CELL_STATES } from '#domain/cell-state';
import { policies } from '../policies/reads.js';
import { Dialog } from '../ui/dialog.js';
import { StateShape } from '../ui/state-mark.js';
import { usePageActs } from './acts.js';
import { PLACES } from './places.js';

const ITEM =
  'flex min-h-11 cursor-pointer items-center gap-2 rounded-md px-2 sm:min-h-9 aria-selected:bg-raised aria-selected:text-strong';
const GROUP =
  '[&_[cmdk-group-heading]]:text-muted [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs';
/** As many clusters as are offered of those that match. */
const CLUSTERS = 20;

/** Go anywhere, and do what the present page can do, by typing. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const acts = usePageActs();
  const apps = useQuery(applications);
  const running = useQuery(rollouts());
  const rules = useQuery({ ...policies, enabled: text !== '' });
  // Every name of the fleet, in one answer of columns.
  const cells = useQuery({
    queryKey: ['cells', 'palette'],
    queryFn: ({ signal }) => api.get<FleetCells>('/api/v1/fleet/cells', {}, signal),
    enabled: text !== '',
    staleTime: 60_000,
  });
  const then = (run: () => void) => () => {
    onClose();
    run();
  };
  const go = (to: string) => then(() => void navigate({ to }).catch(() => undefined));
  const wanted = text.trim().toLowerCase();
  const found = wanted === '' || !cells.data ? [] : matching(cells.data, wanted);
  return (
    <Dialog title="Go to, or do" onClose={onClose}>
      <Command label="Commands" loop>
        <Command.Input
          data-autofocus
          value={text}
          onValueChange={setText}
          placeholder="A page, a cluster, an application, a rollout, an act …"
          className="border-line bg-card text-strong min-h-11 w-full rounded-md border px-3 sm:min-h-9"
        />
        <Command.List className="mt-3 max-h-[55dvh] overflow-auto" tabIndex={-1}>
          <Command.Empty className="text-muted p-4 text-center">Nothing is called that.</Command.Empty>
          {acts.length > 0 && (
            <Command.Group heading="On this page" className={GROUP}>
              {acts.map(({ name, run }) => (
                <Command.Item key={name} value={`act ${name}`} onSelect={then(run)} className={ITEM}>
                  {name}
                </Command.Item>
              ))}
            </Command.Group>
          )}
          <Command.Group heading="Go to" className={GROUP}>
            {PLACES.map(({ to, name }) => (
              <Command.Item key={to} value={`go ${name}`} onSelect={go(to)} className={ITEM}>
                {name}
              </Command.Item>
            ))}
          </Command.Group>
          {wanted !== '' && (
            <>
              <Command.Group heading="Rollouts" className={GROUP}>
                {running.data?.slice(0, 50).map(({ id, state }) => (
                  <Command.Item key={id} value={`rollout ${id}`} onSelect={go(`/rollouts/${id}`)} className={ITEM}>
                    <StateShape state={state} /> {id}
                  </Command.Item>
                ))}
              </Command.Group>
              <Command.Group heading="Applications" className={GROUP}>
                {apps.data?.map(({ metadata: { name } }) => (
                  <Command.Item
                    key={name}
                    value={`application ${name}`}
                    onSelect={go(`/applications/${name}`)}
                    className={ITEM}
                  >
                    {name}
                  </Command.Item>
                ))}
              </Command.Group>
              <Command.Group heading="Policies" className={GROUP}>
                {rules.data?.map(({ metadata: { name } }) => (
                  <Command.Item key={name} value={`policy ${name}`} onSelect={go(`/policies/${name}`)} className={ITEM}>
                    {name}
                  </Command.Item>
                ))}
              </Command.Group>
              <Command.Group heading="Clusters" className={GROUP}>
                {found.map(({ name, state }) => (
                  <Command.Item
                    key={name}
                    value={`cluster ${name}`}
                    onSelect={go(`/clusters/${name}`)}
                    className={ITEM}
                  >
                    <StateShape state={state} /> {name}
                  </Command.Item>
                ))}
              </Command.Group>
            </>
          )}
        </Command.List>
      </Command>
    </Dialog>
  );
}

/** Names with the text in them, those first that begin with it. */
function matching({ names, states }: FleetCells, wanted: string): { name: string; state: string }[] {
  const found: { name: string; state: string; at: number }[] = [];
  for (const [index, name] of names.entries()) {
    const at = name.indexOf(wanted);
    if (at >= 0) found.push({ name, state: CELL_STATES[states[index] ?? -1] ?? 'none', at });
  }
  return found.sort((a, b) => Math.sign(a.at) - Math.sign(b.at)).slice(0, CLUSTERS);
}
