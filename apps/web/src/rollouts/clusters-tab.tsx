import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { RolloutView, TargetView } from '#contract';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { barBox } from '../ui/field.js';
import { Facts } from '../ui/page.js';
import { StateMark } from '../ui/state-mark.js';
import { Table, type Column } from '../ui/table.js';
import { tell } from '../ui/tell.js';
import { Time } from '../ui/time.js';
import { Empty } from '../ui/words.js';
import type { Asked } from './act-requests.js';
import { BAR_STATES, stateWord } from './progress.js';
import type { RolloutSearch } from './search.js';
import { canRetry, canSkip, filterTargets } from './target-filter.js';

const columns: readonly Column<TargetView>[] = [
  {
    heading: 'Cluster',
    width: 'minmax(8rem,1.5fr)',
    cell: ({ cluster }) => <span className="text-strong font-medium">{cluster}</span>,
  },
  { heading: 'State', width: '9rem', cell: ({ state }) => <StateMark state={state} word={stateWord(state)} /> },
  { heading: 'Wave', width: 'minmax(5rem,1fr)', isMinor: true, cell: ({ waveName }) => waveName },
  {
    heading: 'Why',
    width: 'minmax(10rem,3fr)',
    isMinor: true,
    cell: ({ message, reason, accepted }) => (
      <span title={message ?? reason}>
        {accepted && <span className="text-muted">accepted · </span>}
        {message ?? reason ?? ''}
      </span>
    ),
  },
  { heading: 'Release', width: '4.5rem', isMinor: true, cell: ({ release }) => release ?? '–' },
  {
    heading: 'Last report',
    width: '8rem',
    isMinor: true,
    cell: ({ report }) => (report ? <Time at={report.at} /> : <span className="text-muted">none</span>),
  },
];

/** Every cluster of the rollout, filtered, and what can be done with one of them. */
export function ClustersTab({
  rollout,
  targets,
  search,
  onSearch,
  acts,
  onAsk,
}: {
  readonly rollout: RolloutView;
  readonly targets: readonly TargetView[];
  readonly search: RolloutSearch;
  readonly onSearch: (search: Partial<RolloutSearch>) => void;
  readonly acts: ClusterActs;
  readonly onAsk: (asked: Asked) => void;
}) {
  const [opened, setOpened] = useState<string | null>(null);
  const shown = useMemo(() => filterTargets(targets, search), [targets, search]);
  const target = targets.find(({ uid }) => uid === opened);
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2" role="search">
        <input
          data-filter
          aria-label="Part of a cluster’s name"
          placeholder="Cluster …"
          value={search.q ?? ''}
          onChange={({ target: { value } }) => onSearch({ q: value || undefined })}
          className={`${barBox} w-44`}
        />
        <select
          aria-label="Wave"
          value={search.wave ?? ''}
          onChange={({ target: { value } }) => onSearch({ wave: value || undefined })}
          className={barBox}
        >
          <option value="">every wave</option>
          {rollout.waves.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select
          aria-label="State"
          value={search.state ?? ''}
          onChange={({ target: { value } }) => onSearch({ state: value || undefined })}
          className={barBox}
        >
          <option value="">every state</option>
          {BAR_STATES.map((state) => (
            <option key={state} value={state}>
              {stateWord(state)}
            </option>
          ))}
        </select>
        <p className="text-muted" role="status">
          {shown.length} of {targets.length}
        </p>
      </div>
      {shown.length === 0 ? (
        <Empty title="No cluster is so">Another wave or state may have some.</Empty>
      ) : (
        <Table
          label="Clusters of the rollout"
          columns={columns}
          rows={shown}
          keyOf={({ uid }) => uid}
          onOpen={({ uid }) => setOpened(uid)}
        />
      )}
      {target && (
        <TargetDialog
          target={target}
          acts={acts}
          onClose={() => setOpened(null)}
          onAsk={(asked) => {
            setOpened(null);
            onAsk(asked);
          }}
        />
      )}
    </div>
  );
}

/** Whether one may act on single clusters now; where not, why. `isOver`: nothing is to be done any more, or it is the past. */
export interface ClusterActs {
  readonly isOver: boolean;
  readonly whyNot: string | null;
}

export function TargetDialog({
  target,
  acts: { isOver, whyNot },
  onClose,
  onAsk,
}: {
  readonly target: TargetView;
  readonly acts: ClusterActs;
  readonly onClose: () => void;
  readonly onAsk: (asked: Asked) => void;
}) {
  const { cluster, state, report } = target;
  const offered = isOver
    ? []
    : [
        ...(canRetry(state) ? [{ id: 'retry', verb: 'Retry' } as const] : []),
        ...(canSkip(state) ? [{ id: 'skip', verb: 'Skip' } as const] : []),
      ];
  return (
    <Dialog title={cluster} onClose={onClose}>
      <Facts
        of={[
          ['State', <StateMark key="state" state={state} word={stateWord(state)} />],
          ['Why', target.message ?? target.reason],
          ['Accepted', target.accepted && 'by a person, as it is'],
          ['Stopped', target.halted && 'its agent stops before its next object'],
          ['Wave', target.waveName],
          ['Told release', target.release === null ? 'none' : `${target.release}, generation ${target.generation}`],
          ['Overlay', target.overlay],
          ['Bundle', target.digest && <code>{target.digest.slice(0, 12)}</code>],
          ['Acknowledged', target.acked ? 'yes' : 'not yet'],
          [
            'Last report',
            report && (
              <>
                {report.phase} <Time at={report.at} /> (generation {report.generation}, steady{' '}
                {Math.round(report.steadyMs / 1000)}s{report.breaks > 0 && `, ${report.breaks} breaks`})
              </>
            ),
          ],
          ['Time zone', target.zone],
        ]}
      />
      <div className="flex flex-wrap justify-end gap-2">
        {offered.map(({ id, verb }) => (
          <Button
            key={id}
            aria-disabled={whyNot === null ? undefined : true}
            title={whyNot ?? undefined}
            className={whyNot === null ? '' : 'text-muted! border-dashed'}
            onClick={() => (whyNot === null ? onAsk({ id, verb, clusters: [cluster] }) : tell(`${verb}: ${whyNot}`))}
          >
            {verb}
          </Button>
        ))}
        <Link
          to="/clusters/$name"
          params={{ name: cluster }}
          className="bg-accent text-on-accent inline-flex min-h-11 items-center rounded-md px-3 font-medium sm:min-h-8"
        >
          Open the cluster
        </Link>
      </div>
    </Dialog>
  );
}
