import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ClusterView, RegisterAnswer } from '#contract';
import { api, part } from '../api/client.js';
import { cluster as clusterQuery } from '../api/queries.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button, Spinner } from '../ui/button.js';
import { Copy } from '../ui/copy.js';
import { Card } from '../ui/page.js';
import { StateMark, StateShape } from '../ui/state-mark.js';
import { useNow } from '../ui/time.js';
import { joinSteps, leftText, type JoinStep } from './join-steps.js';

/** The line to run, for how long it works, and the cluster as it comes. */
export function Invitation({
  answer,
  onAnother,
  onNext,
}: {
  readonly answer: RegisterAnswer;
  /** Another token was made in its place. */
  readonly onAnother: (answer: RegisterAnswer) => void;
  readonly onNext: () => void;
}) {
  const { name } = answer.cluster;
  const asked = useQuery({ ...clusterQuery(name), refetchInterval: 1_500 });
  const cluster = asked.data ?? answer.cluster;
  const { steps, sentence } = joinSteps(cluster);
  return (
    <div className="flex max-w-4xl flex-col gap-4">
      {cluster.state === 'registered' && <InstallLine answer={answer} onAnother={onAnother} />}
      <Card title={name}>
        <p role="status" className="text-strong flex items-center gap-2 font-medium">
          {cluster.state === 'registered' && <Spinner />} {sentence}
        </p>
        <ol className="flex flex-col gap-3">
          {steps.map((step) => (
            <Step key={step.name} step={step} />
          ))}
        </ol>
        <Arriving cluster={cluster} />
        {asked.error && <Refusal error={asked.error} />}
      </Card>
      <div className="flex flex-wrap gap-2">
        <Button onClick={onNext}>Register another</Button>
        <Link
          to="/clusters/$name"
          params={{ name }}
          className="border-line bg-card text-strong hover:bg-raised inline-flex min-h-11 items-center rounded-md border px-3 font-medium sm:min-h-8"
        >
          Open {name}
        </Link>
      </div>
    </div>
  );
}

/** Shown this once: neither the address nor the browser keeps it. */
function InstallLine({
  answer,
  onAnother,
}: {
  readonly answer: RegisterAnswer;
  readonly onAnother: (answer: RegisterAnswer) => void;
}) {
  const left = Date.parse(answer.expiresAt) - useNow();
  const another = useMutation({
    mutationFn: () =>
      api.post<RegisterAnswer>(`/api/v1/clusters/${part(answer.cluster.name)}/token`, {
        ...(answer.namespaces && { namespaces: answer.namespaces }),
      }),
    gcTime: 0,
    onSuccess: onAnother,
  });
  const hasEnded = left <= 0;
  return (
    <Card title={hasEnded ? 'The line has ended' : 'Run this where kubectl points at the cluster'}>
      {hasEnded ? (
        <p role="status">Nobody ran it in time, and it works no more. Another one takes its place.</p>
      ) : (
        <>
          <Copy text={answer.command} />
          <p>
            It works once, for{' '}
            <strong className="text-strong tabular-nums" data-left>
              {leftText(left)}
            </strong>{' '}
            more. It is shown this once: whoever leaves the page makes another, and this one ends.
          </p>
          <p className="text-muted">
            {answer.namespaces
              ? `The agent’s rights end at ${answer.namespaces.join(', ')}.`
              : 'It gives the agent the whole cluster.'}{' '}
            Whoever has the line can join as this cluster.
          </p>
        </>
      )}
      <div>
        <Button tone={hasEnded ? 'primary' : 'plain'} isBusy={another.isPending} onClick={() => another.mutate()}>
          Make another line
        </Button>
      </div>
      {another.error && <Refusal error={another.error} />}
    </Card>
  );
}

const SHAPES: Readonly<Record<JoinStep['state'], string>> = { done: 'healthy', now: 'progressing', next: 'waiting' };
const WORDS: Readonly<Record<JoinStep['state'], string>> = { done: 'done', now: 'under way', next: 'to come' };

function Step({ step: { name, state, text } }: { readonly step: JoinStep }) {
  return (
    <li aria-current={state === 'now' ? 'step' : undefined} className="flex items-start gap-3">
      <span className="mt-0.5">
        <StateShape state={SHAPES[state]} size={16} />
      </span>
      <span className="min-w-0">
        <span className={state === 'next' ? 'text-muted' : 'text-strong font-medium'}>{name}</span>
        <span className="sr-only"> ({WORDS[state]})</span>
        <span className="text-muted block break-words">{text}</span>
      </span>
    </li>
  );
}

function Arriving({ cluster }: { readonly cluster: ClusterView }) {
  const { applications = [] } = cluster;
  if (applications.length === 0) return null;
  return (
    <ul aria-label="Its applications" className="border-line flex flex-col gap-1 border-t pt-3">
      {applications.map(({ application, health, release }) => (
        <li key={application} className="flex flex-wrap items-center gap-x-3">
          <StateMark state={health} />
          <Link to="/applications/$name" params={{ name: application }} className="text-accent underline">
            {application}
          </Link>
          {release !== null && <span className="text-muted">release {release}</span>}
        </li>
      ))}
    </ul>
  );
}
