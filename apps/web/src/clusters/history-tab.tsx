import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { clusterEvents } from './queries.js';

/** What the hub did with the cluster, and what its agent reported, the newest first. */
export function HistoryTab({ cluster }: { readonly cluster: string }) {
  const { data, error, refetch } = useQuery(clusterEvents(cluster));
  if (error) return <Failed error={error} what={`the history of ${cluster}`} onRetry={refetch} />;
  if (!data) return <Loading what={`the history of ${cluster}`} />;
  if (data.items.length === 0)
    return <Empty title="Nothing has happened to it yet">What rollouts do with it will stand here.</Empty>;
  return (
    <div className="flex flex-col gap-3">
      <ol className="border-line bg-card divide-line flex flex-col divide-y rounded-lg border">
        {data.items.map(({ id, at, application, rollout, event, message, actor, reason }) => (
          <li key={id} className="grid grid-cols-1 gap-x-4 px-3 py-2 sm:grid-cols-[7.5rem_minmax(0,1fr)]">
            <span className="text-muted">
              <Time at={at} />
            </span>
            <div className="min-w-0">
              <p className="text-strong break-words">{message}</p>
              <p className="text-muted flex flex-wrap gap-x-3">
                <code className="text-xs leading-5">{event}</code>
                {rollout !== undefined ? (
                  <Link to="/rollouts/$id" params={{ id: rollout }} className="text-accent underline">
                    {rollout}
                  </Link>
                ) : (
                  application !== '' && (
                    <Link to="/applications/$name" params={{ name: application }} className="text-accent underline">
                      {application}
                    </Link>
                  )
                )}
                {actor !== undefined && <span className="break-all">{actor}</span>}
                {reason !== undefined && <span className="break-words">“{reason}”</span>}
              </p>
            </div>
          </li>
        ))}
      </ol>
      {data.next !== undefined && (
        <p className="text-muted">
          The newest {data.items.length} are shown.{' '}
          <Link to="/activity" search={{ cluster }} className="text-accent underline">
            All of it
          </Link>
        </p>
      )}
    </div>
  );
}
