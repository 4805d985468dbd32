import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ClusterApplicationView } from '#contract';
import { whyThere } from '../api/queries.js';
import { Button } from '../ui/button.js';
import { Sentence } from '../ui/sentence.js';
import { spaced, StateMark } from '../ui/state-mark.js';
import { shortDigest } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { CLUSTER_SYNC_WORDS } from './sync-words.js';
import type { ClusterSearch, ClusterTab } from './search.js';

const LOOK: readonly (readonly [ClusterTab, string])[] = [
  ['applications', 'Why'],
  ['objects', 'Objects'],
  ['diff', 'Against Git'],
  ['events', 'Events'],
];

/** What the cluster is told to run, and what its agent last said of it: known without asking it. */
export function ApplicationsTab({
  cluster,
  chosen,
  applications,
  onSearch,
}: {
  readonly cluster: string;
  /** The application whose reasons are shown. */
  readonly chosen: string | undefined;
  readonly applications: readonly ClusterApplicationView[];
  readonly onSearch: (change: ClusterSearch) => void;
}) {
  if (applications.length === 0)
    return (
      <Empty title="No application is assigned to this cluster">
        One is once a release goes out whose application’s placement takes the cluster’s labels.
      </Empty>
    );
  return (
    <div className="border-line bg-card overflow-x-auto rounded-lg border">
      <table className="w-full text-left">
        <caption className="sr-only">Applications on this cluster</caption>
        <thead className="text-muted border-line border-b text-xs">
          <tr>
            {['Application', 'Health', 'Runs'].map((heading) => (
              <th key={heading} scope="col" className="px-3 py-2 font-medium">
                {heading}
              </th>
            ))}
            {['Release', 'Bundle', 'Step', 'Reported', 'Look at'].map((heading) => (
              <th key={heading} scope="col" className="hidden px-3 py-2 font-medium lg:table-cell">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        {applications.map((each) => (
          <ApplicationRows
            key={each.application}
            of={each}
            why={each.application === chosen && <WhyThere cluster={cluster} application={chosen} />}
            onSearch={onSearch}
          />
        ))}
      </table>
    </div>
  );
}

function ApplicationRows({
  of: { application, health, sync, release, digest, state, message, reportedAt },
  why,
  onSearch,
}: {
  readonly of: ClusterApplicationView;
  /** Shown below it; false: nobody asked. */
  readonly why: ReactNode;
  readonly onSearch: (change: ClusterSearch) => void;
}) {
  const cell = 'px-3 py-2 align-top';
  const wide = `${cell} hidden lg:table-cell`;
  const acts = LOOK.map(([tab, text]) => (
    <Button
      key={tab}
      tone="quiet"
      aria-label={`${text} of ${application}`}
      aria-expanded={tab === 'applications' ? Boolean(why) : undefined}
      onClick={() => onSearch({ tab, application: tab === 'applications' && why ? undefined : application })}
    >
      {text}
    </Button>
  ));
  const releaseText = release === null ? 'withdrawn' : release;
  return (
    <tbody className="border-line border-b last:border-0">
      <tr>
        <th scope="row" className={`${cell} font-medium`}>
          <Link
            to="/applications/$name"
            params={{ name: application }}
            className="text-strong inline-block py-0.5 break-all hover:underline"
          >
            {application}
          </Link>
        </th>
        <td className={cell}>
          <StateMark state={health} />
        </td>
        <td className={cell}>
          <StateMark state={sync} word={CLUSTER_SYNC_WORDS[sync]} />
        </td>
        <td className={wide}>{releaseText}</td>
        <td className={wide}>
          <code title={digest}>{shortDigest(digest)}</code>
        </td>
        <td className={wide}>{spaced(state)}</td>
        <td className={wide}>
          <Time at={reportedAt} />
        </td>
        <td className={`${wide} py-1!`}>
          <span className="flex">{acts}</span>
        </td>
      </tr>
      <tr className={message === undefined ? 'lg:hidden' : ''}>
        <td colSpan={8} className="px-3 pb-2">
          {message !== undefined && <p className="text-strong break-words">{message}</p>}
          <div className="lg:hidden">
            <p className="text-muted">
              Release {releaseText}, {spaced(state)}, reported <Time at={reportedAt} />
            </p>
            <p className="-ml-3 flex flex-wrap">{acts}</p>
          </div>
        </td>
      </tr>
      {why && (
        <tr>
          <td colSpan={8} className="px-3 pb-3">
            {why}
          </td>
        </tr>
      )}
    </tbody>
  );
}

/** Why one application is as it is there. */
function WhyThere({ cluster, application }: { readonly cluster: string; readonly application: string }) {
  const { data, error, refetch } = useQuery(whyThere(cluster, application));
  const what = `why ${application} is as it is on ${cluster}`;
  if (data) return <Sentence why={data} />;
  return error ? <Failed error={error} what={what} onRetry={refetch} /> : <Loading what={what} />;
}
