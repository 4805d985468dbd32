import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { Loading } from '../ui/words.js';
import { Time } from '../ui/time.js';
import { hasChange, type Entry } from './activity-query.js';

/** With what prints YAML, which nobody needs before. */
const AuditDetail = lazy(async () => ({ default: (await import('./audit-detail.js')).AuditDetail }));

const LINK = 'text-accent underline decoration-1 underline-offset-2 break-all';

/** What, who, why and when; of the audit what was before and after, once somebody opens it. */
export function ActivityEntry({
  entry,
  isOpen,
  onToggle,
}: {
  readonly entry: Entry;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const { id, at, what, message, actor, reason, audit } = entry;
  return (
    <div className="flex flex-col gap-1 px-3 py-2.5">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
        <p id={`entry-${id}`} className="text-strong min-w-0 flex-1 basis-60 break-words">
          <code className="text-muted mr-2 text-xs">{what}</code>
          {message}
        </p>
        <span className="text-muted text-xs">
          <Time at={at} />
        </span>
      </div>
      <div className="text-muted flex flex-wrap items-baseline gap-x-3 gap-y-1 text-xs">
        {actor !== undefined && (
          <Link
            from="/activity"
            to="/activity"
            search={(before) => ({ ...before, actor })}
            className={LINK}
            title={`Only what ${actor} did`}
          >
            {actor}
          </Link>
        )}
        {reason !== undefined && <q className="text-text min-w-0 break-words">{reason}</q>}
        <Links entry={entry} />
        {audit && (
          <button type="button" aria-expanded={isOpen} onClick={onToggle} className={`${LINK} min-h-6`}>
            {isOpen ? 'Less' : hasChange(audit) ? 'What changed' : 'More'}
            <span className="sr-only"> of entry {id}</span>
          </button>
        )}
      </div>
      {audit && isOpen && (
        <Suspense fallback={<Loading what="what changed" />}>
          <AuditDetail audit={audit} />
        </Suspense>
      )}
    </div>
  );
}

function Links({ entry: { application, rollout, cluster } }: { readonly entry: Entry }) {
  return (
    <>
      {rollout !== undefined && (
        <span>
          rollout{' '}
          <Link to="/rollouts/$id" params={{ id: rollout }} className={LINK}>
            {rollout}
          </Link>
        </span>
      )}
      {application !== undefined && (
        <span>
          application{' '}
          <Link to="/applications/$name" params={{ name: application }} className={LINK}>
            {application}
          </Link>
        </span>
      )}
      {cluster !== undefined && (
        <span>
          cluster{' '}
          <Link to="/clusters/$name" params={{ name: cluster }} className={LINK}>
            {cluster}
          </Link>
        </span>
      )}
    </>
  );
}
