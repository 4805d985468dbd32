import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { PlannedClusterView, PlannedWaveView, PlanView } from '#contract';
import { Card } from '../ui/page.js';
import { StateMark } from '../ui/state-mark.js';
import { Table, type Column } from '../ui/table.js';
import { counted, grouped, namesText, shortDigest } from '../ui/text.js';
import { bundlesIn, changedIn, notesOf, stepsOf, windowText, type Step } from './plan-words.js';

/** So many clusters of a wave are named before it is opened. */
const NAMED = 8;

/** The waves in their order, each with how far it reaches, its budgets, what opens it, and its clusters one click away. */
export function PlannedWaves({ plan }: { readonly plan: Pick<PlanView, 'waves' | 'total'> }) {
  const steps = stepsOf(plan);
  return (
    <Card title="Waves">
      <ol className="flex min-w-0 flex-col gap-3">
        {plan.waves.map((wave, index) => (
          <li key={wave.name} className="border-line min-w-0 rounded-md border p-3">
            <Wave wave={wave} number={index + 1} step={steps[index] ?? { from: 0, to: 0 }} />
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Wave({
  wave,
  number,
  step,
}: {
  readonly wave: PlannedWaveView;
  readonly number: number;
  readonly step: Step;
}) {
  const [isOpen, setOpen] = useState(false);
  const { clusters, gates, windows } = wave;
  const changed = changedIn(wave);
  const named = clusters.slice(0, NAMED).map(({ cluster }) => cluster);
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h3 className="break-all">
          <span className="text-muted font-normal">{number}.</span> {wave.name}
        </h3>
        <span>
          {counted(wave.total, 'cluster')}
          {changed < wave.total && `, ${grouped(changed)} changed`} · {counted(bundlesIn(wave), 'bundle')}
        </span>
        <span className="text-muted sm:ml-auto">{reachText(step)}</span>
      </div>
      <Stair {...step} />
      <dl className="flex flex-wrap gap-x-5 gap-y-1">
        <Fact name="At once">{grouped(wave.maxConcurrency)}</Fact>
        <Fact name="May fail">{grouped(wave.maxFailures)}</Fact>
        <Fact name="May be away">{grouped(wave.maxUnreachable)}</Fact>
        <Fact name="Healthy for">{wave.healthyFor}</Fact>
        <Fact name="Soak">{wave.soak}</Fact>
      </dl>
      {(gates.length > 0 || windows.length > 0) && (
        <ul className="flex flex-col gap-1">
          {gates.map(({ when, name, wants }) => (
            <li key={`${when} ${name}`}>
              <span className="text-held font-medium">{when === 'before' ? 'Before' : 'After'}:</span> gate{' '}
              <strong className="font-medium">{name}</strong> wants {wants}
            </li>
          ))}
          {windows.map((window) => (
            <li key={JSON.stringify(window)}>
              <span className="text-held font-medium">Only</span> {windowText(window)}
            </li>
          ))}
        </ul>
      )}
      {clusters.length > 0 && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary className="text-muted hover:text-strong min-h-11 py-3 break-words sm:min-h-6 sm:py-1">
            {isOpen ? 'Its clusters' : namesText(named, clusters.length)}
          </summary>
          {isOpen && (
            <div className="pt-2">
              <Table
                label={`Clusters of wave ${wave.name}`}
                columns={CLUSTERS}
                rows={clusters}
                keyOf={({ uid }) => uid}
                maxHeight="24rem"
              />
            </div>
          )}
        </details>
      )}
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-muted">{name}</dt>
      <dd className="text-strong tabular-nums">{children}</dd>
    </div>
  );
}

/** Where the wave stands on the way from nobody to everybody. */
function Stair({ from, to }: Step) {
  return (
    <div aria-hidden="true" className="bg-raised relative h-2 overflow-hidden rounded-full">
      <span className="bg-accent/30 absolute inset-y-0 left-0" style={{ width: `${from}%` }} />
      <span
        className="bg-accent absolute inset-y-0 min-w-1 rounded-full"
        style={{ left: `min(${from}%, calc(100% - 0.25rem))`, width: `${to - from}%` }}
      />
    </div>
  );
}

function reachText({ from, to }: Step): string {
  return `${share(from)} to ${share(to)} of all`;
}

const share = (percent: number): string =>
  `${percent > 0 && percent < 10 ? percent.toFixed(1).replace('.0', '') : Math.round(percent)}%`;

const CLUSTERS: readonly Column<PlannedClusterView>[] = [
  {
    heading: 'Cluster',
    width: 'minmax(0,2fr)',
    cell: ({ cluster }) => (
      <Link to="/clusters/$name" params={{ name: cluster }} className="text-accent underline">
        {cluster}
      </Link>
    ),
  },
  {
    heading: 'Goes back to',
    isMinor: true,
    cell: ({ previous }) => (previous ? `release ${previous.release}` : <span className="text-muted">nothing</span>),
  },
  { heading: 'Overlay', width: 'minmax(0,2fr)', isMinor: true, cell: ({ overlay }) => overlay },
  { heading: 'Bundle', width: '7.5rem', isMinor: true, cell: ({ digest }) => <code>{shortDigest(digest)}</code> },
  {
    heading: 'To note',
    width: 'minmax(0,2fr)',
    cell: (row) => (
      <span className="inline-flex items-center gap-2">
        {row.status && <StateMark state={row.status} />}
        {notesOf({ ...row, status: undefined }).join(', ')}
      </span>
    ),
  },
];
