import { Link } from '@tanstack/react-router';
import type { PlanView as Plan } from '#contract';
import { Copy } from '../ui/copy.js';
import { Card } from '../ui/page.js';
import { Notice } from '../ui/notice.js';
import { Table, type Column } from '../ui/table.js';
import { bytesText, counted, grouped, namesText, shortDigest, shortRevision } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { PlannedDrops } from './planned-drops.js';
import { PlannedWaves } from './planned-waves.js';
import { runningText } from './plan-words.js';

/** What a rollout would do before anything of it is done: what stands in its way first, then waves, deletions and bundles. */
export function PlanView({ plan }: { readonly plan: Plan }) {
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <section className="flex min-w-0 flex-col gap-2" aria-label="What is planned">
        <p className="text-strong text-base">
          Release <strong>{plan.release}</strong> <code className="text-muted">{shortRevision(plan.revision)}</code> to{' '}
          <strong>{counted(plan.total, 'cluster')}</strong> in {counted(plan.waves.length, 'wave')} by strategy{' '}
          <strong>{plan.strategy}</strong>
        </p>
        <div className="grid min-w-0 grid-cols-1 items-center gap-x-3 gap-y-1 sm:grid-cols-[max-content_minmax(0,1fr)]">
          <span className="text-muted">Digest of the plan</span>
          <Copy text={plan.digest} />
        </div>
      </section>
      <Notices plan={plan} />
      <PlannedWaves plan={plan} />
      <PlannedDrops drops={plan.drops} excessive={plan.excessive ?? []} />
      <Card title="Who shares a bundle">
        <Table label="Bundles" columns={BUNDLES} rows={plan.bundles} keyOf={({ digest }) => digest} maxHeight="22rem" />
      </Card>
    </div>
  );
}

/** Whatever a person should know before a yes. */
function Notices({ plan }: { readonly plan: Plan }) {
  const { refused, freeze, running, holds, warnings } = plan;
  const then = runningText(plan);
  if (!refused && !freeze && !then && holds.length === 0 && warnings.length === 0) return null;
  return (
    <div className="flex flex-col gap-2">
      {refused && (
        <Notice tone="bad" title="A start would be refused now">
          <p>
            {refused.message} <code className="text-muted text-xs">{refused.code}</code>
          </p>
          {running && <Running id={running.rollout} />}
        </Notice>
      )}
      {then && running && !refused && (
        <Notice tone={running.then === 'supersedes' ? 'warn' : 'info'} title={then}>
          <Running id={running.rollout} />
        </Notice>
      )}
      {freeze && (
        <Notice tone="warn" title={`The fleet is frozen by ${freeze.by}: ${freeze.reason}`}>
          {freeze.until && (
            <p>
              It ends <Time at={freeze.until} />
            </p>
          )}
        </Notice>
      )}
      {holds.length > 0 && (
        <Notice tone="warn" title="It would wait from its start on">
          <ul className="flex flex-col gap-1">
            {holds.map(({ code, message, clearsAt }) => (
              <li key={`${code} ${message}`}>
                <code className="text-held">{code}</code> {message}
                {clearsAt && (
                  <>
                    {' '}
                    · clears <Time at={clearsAt} />
                  </>
                )}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {warnings.length > 0 && (
        <Notice tone="warn" title={warnings.length === 1 ? 'A warning' : counted(warnings.length, 'warning')}>
          <ul className={warnings.length > 1 ? 'list-disc pl-4' : ''}>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Notice>
      )}
    </div>
  );
}

function Running({ id }: { readonly id: string }) {
  return (
    <p>
      <Link to="/rollouts/$id" params={{ id }} className="text-accent underline">
        See {id}
      </Link>
    </p>
  );
}

type Bundle = Plan['bundles'][number];

const BUNDLES: readonly Column<Bundle>[] = [
  { heading: 'Bundle', width: '7.5rem', cell: ({ digest }) => <code title={digest}>{shortDigest(digest)}</code> },
  { heading: 'Clusters', width: '4.5rem', cell: ({ clusters }) => grouped(clusters) },
  { heading: 'Objects', width: '4.5rem', isMinor: true, cell: ({ objects }) => grouped(objects) },
  { heading: 'Size', width: '5rem', isMinor: true, cell: ({ bytes }) => bytesText(bytes) },
  { heading: 'Overlays', width: 'minmax(0,2fr)', cell: ({ overlays }) => <All text={overlays.join(', ')} /> },
  { heading: 'Waves', isMinor: true, cell: ({ waves = [] }) => <All text={waves.join(', ')} /> },
  {
    heading: 'Taken by',
    width: 'minmax(0,2fr)',
    isMinor: true,
    cell: ({ names, clusters }) => <All text={namesText(names, clusters)} />,
  },
];

/** What may be cut at the cell's edge is whole on hover. */
function All({ text }: { readonly text: string }) {
  return <span title={text}>{text}</span>;
}
