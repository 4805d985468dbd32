import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { ClusterApplicationView, ClusterView } from '#contract';
import { HubProblem } from '../api/client.js';
import { Button, Spinner } from '../ui/button.js';
import { Notice } from '../ui/notice.js';
import { Time, useNow } from '../ui/time.js';
import { Empty, Failed } from '../ui/words.js';
import { asked, type Asked } from './queries.js';

/** After so long a question is said to be slow. */
const SLOW_MS = 3_000;

/**
 * What the agent of a cluster answers about one of its applications: which of them is chosen, when the answer came, of what it is not
 * the whole, that it can't be asked, and that it takes its time.
 */
export function AskedFrame<K extends keyof Asked>({
  kind,
  cluster,
  application,
  onApplication,
  children,
}: {
  readonly kind: K;
  readonly cluster: ClusterView;
  readonly application: string | undefined;
  readonly onApplication: (name: string) => void;
  readonly children: (view: Asked[K]) => ReactNode;
}) {
  const all = cluster.applications ?? [];
  const chosen = all.find((each) => each.application === application) ?? worstOf(all);
  if (!chosen)
    return (
      <Empty title="No application is assigned to this cluster">
        One is once a release goes out whose application’s placement takes the cluster’s labels.
      </Empty>
    );
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {all.length > 1 && (
        <label className="flex flex-wrap items-center gap-2">
          <span className="text-strong font-medium">Application</span>
          <select
            className="border-line bg-card text-strong min-h-11 max-w-full rounded-md border px-2.5 sm:min-h-8"
            value={chosen.application}
            onChange={({ target }) => onApplication(target.value)}
          >
            {all.map(({ application: name, health }) => (
              <option key={name} value={name}>
                {name} ({health})
              </option>
            ))}
          </select>
        </label>
      )}
      <Answer key={chosen.application} kind={kind} cluster={cluster} application={chosen}>
        {children}
      </Answer>
    </div>
  );
}

function worstOf(all: readonly ClusterApplicationView[]): ClusterApplicationView | undefined {
  return all.find(({ health }) => health === 'failed' || health === 'refused') ?? all[0];
}

function Answer<K extends keyof Asked>({
  kind,
  cluster,
  application: { application, generation, health, sync, state },
  children,
}: {
  readonly kind: K;
  readonly cluster: ClusterView;
  readonly application: ClusterApplicationView;
  readonly children: (view: Asked[K]) => ReactNode;
}) {
  const { name, status } = cluster;
  const stamp = [status, generation, health, sync, state].join(' ');
  const answer = useQuery(asked(kind, { cluster: name, application }, stamp));
  // The type of a query option that was made for any kind is not narrowed to this one.
  const view: Asked[K] | undefined = answer.data;
  return (
    <>
      <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
        {view && (
          <p className="text-muted">
            The agent said so <Time at={view.at} />
          </p>
        )}
        {answer.isFetching ? (
          <Waiting key={answer.fetchStatus} cluster={name} />
        ) : (
          <Button onClick={() => void answer.refetch().catch(() => undefined)}>Ask again</Button>
        )}
      </div>
      {answer.error && <Trouble error={answer.error} cluster={cluster} hasOlder={view !== undefined} />}
      {view && <Caveats view={view} />}
      {view && children(view)}
    </>
  );
}

function Waiting({ cluster }: { readonly cluster: string }) {
  const [since] = useState(() => Date.now());
  const waited = useNow() - since;
  return (
    <p role="status" className="text-muted flex items-center gap-2">
      <Spinner /> Asking the agent of {cluster} …
      {waited > SLOW_MS && ` It takes its time: ${Math.round(waited / 1000)} s; it has about 10.`}
    </p>
  );
}

/** An answer that is of an older generation, or not all. */
function Caveats({ view: { cluster, generation, assigned, truncated } }: { readonly view: Asked[keyof Asked] }) {
  return (
    <>
      {generation !== assigned && (
        <Notice
          title={
            generation < 0
              ? `The agent of ${cluster} holds nothing of it yet`
              : `The agent of ${cluster} holds generation ${generation}`
          }
        >
          <p>The hub assigned generation {assigned}: what is shown here is of the time before.</p>
        </Notice>
      )}
      {truncated !== undefined && (
        <Notice tone="warn" title="Not all is shown">
          <p>{truncated}</p>
        </Notice>
      )}
    </>
  );
}

/** Of what an agent could not be asked, in the hub's words; what it is apart from a failure of the page. */
const TROUBLES: Readonly<Record<string, string>> = {
  'cluster-offline': 'The cluster is offline, so its agent can’t be asked',
  'agent-silent': 'The agent did not answer in time',
  'agent-busy': 'The agent is busy with other questions',
  'asks-busy': 'Too many agents are being asked at this moment',
  'not-joined': 'Its agent has not joined yet, so there is nobody to ask',
  'nothing-held': 'The agent holds nothing of it',
  'nothing-applied': 'There is nothing to compare',
  'agent-error': 'The agent could not tell',
  'agent-answer-invalid': 'The agent’s answer is none',
};

function Trouble({
  error,
  cluster,
  hasOlder,
}: {
  readonly error: unknown;
  readonly cluster: ClusterView;
  readonly hasOlder: boolean;
}) {
  const problem = error instanceof HubProblem ? error.problem : undefined;
  const title = problem && TROUBLES[problem.code];
  if (!problem || title === undefined) return <Failed error={error} what={`what the agent of ${cluster.name} says`} />;
  return (
    <div role="alert">
      <Notice tone="warn" title={title}>
        <p>{problem.detail}</p>
        <p>
          It was heard of <Time at={cluster.seenAt} />. What the hub knows of it stands under Overview.
        </p>
        {hasOlder && <p>What stands below is what it said before.</p>}
      </Notice>
    </div>
  );
}
