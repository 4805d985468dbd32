import type { ReactNode } from 'react';
import type { ClusterView } from '#contract';
import { Button } from '../ui/button.js';
import { Card, Facts } from '../ui/page.js';
import { Time, useNow } from '../ui/time.js';
import { LabelChips } from './label-chips.js';

/** What people look for first, by its fact; the rest follows in the order of the alphabet. */
const NAMED: readonly (readonly [fact: string, name: string])[] = [
  ['kubernetes.version', 'Kubernetes'],
  ['nodes', 'Nodes'],
  ['provider', 'Provider'],
  ['region', 'Region'],
  ['zone', 'Zone'],
];
const MODE = 'agent.mode';
const NAMESPACES = 'agent.namespaces';

/** Who the cluster is: its agent and credential, what it says of itself, and its labels. */
export function ClusterFacts({
  cluster,
  onLabels,
}: {
  readonly cluster: ClusterView;
  /** Absent: whoever looks may not change them. */
  readonly onLabels: (() => void) | undefined;
}) {
  const { facts, labels, agentVersion, seenAt, joinedAt, createdAt, credential, hold, leaving, uid } = cluster;
  const known = new Set([...NAMED.map(([fact]) => fact), MODE, NAMESPACES]);
  const others = Object.entries(facts)
    .filter(([key]) => !known.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
      <Card title="Agent">
        <Facts
          of={[
            [
              'Held',
              hold && (
                <>
                  by {hold.by}, <Time at={hold.since} />: {hold.reason}
                </>
              ),
            ],
            [
              'Leaving',
              leaving && (
                <>
                  by {leaving.by}, <Time at={leaving.since} />
                  {leaving.left === undefined ? '; its agent said nothing yet' : `; ${leaving.left} objects left`}
                </>
              ),
            ],
            ['Heard of', <Time at={seenAt} />],
            ['Version', agentVersion ?? <Unknown>it has not joined yet</Unknown>],
            ['Reach', reachOf(cluster)],
            ['Credential', credential ? <Credential of={credential} /> : joinedAt && <Unknown>not known</Unknown>],
            ['Joined', joinedAt ? <Time at={joinedAt} /> : <Unknown>not yet</Unknown>],
            ['Registered', <Time at={createdAt} />],
            ['UID', <code className="text-xs break-all">{uid}</code>],
          ]}
        />
      </Card>
      <Card
        title="Labels and facts"
        actions={
          onLabels && (
            <Button tone="quiet" onClick={onLabels}>
              Edit labels
            </Button>
          )
        }
      >
        <LabelChips labels={labels} most={64} />
        <Facts
          of={[
            ...NAMED.map(([fact, name]) => [name, facts[fact]] as const),
            ...others.map(([key, value]) => [key, value] as const),
          ]}
        />
        {Object.keys(facts).length === 0 && <Unknown>The agent tells facts when it joins.</Unknown>}
      </Card>
    </div>
  );
}

function Unknown({ children }: { readonly children: ReactNode }) {
  return <span className="text-muted">{children}</span>;
}

function reachOf({ facts, joinedAt }: ClusterView): ReactNode {
  if (joinedAt === undefined) return undefined;
  const namespaces = facts[NAMESPACES];
  return facts[MODE] === 'namespaced' && namespaces !== undefined
    ? `the namespaces ${namespaces.split(',').join(', ')}`
    : 'the whole cluster';
}

/** Its age, and when it ends; said to be late once it should have been renewed. */
function Credential({ of: { issuedAt, expiresAt } }: { readonly of: NonNullable<ClusterView['credential']> }) {
  const now = useNow();
  const [issued, expires] = [Date.parse(issuedAt), Date.parse(expiresAt)];
  // Agents renew when two thirds of its life are gone; some time later one is late.
  const isLate = now > issued + (expires - issued) * 0.8;
  const isOver = now >= expires;
  return (
    <>
      issued <Time at={issuedAt} />,{' '}
      <span className={isLate ? 'text-warn font-medium' : ''}>
        {isOver ? 'ended' : 'ends'} <Time at={expiresAt} />
      </span>
      {isOver
        ? '; the agent needs a new join token'
        : isLate && '; its agent should have renewed it by now: is it running?'}
    </>
  );
}
