import { Link } from '@tanstack/react-router';
import type { FleetView, HoldView, ReleaseView } from '#contract';
import { StateMark } from '../ui/state-mark.js';
import { Time } from '../ui/time.js';

/** Nothing new goes out anywhere: who said so, and why. */
export function FreezeBanner({ freeze }: { readonly freeze: NonNullable<FleetView['freeze']> }) {
  return (
    <p role="status" className="border-held bg-card flex flex-wrap items-center gap-x-2 rounded-lg border-2 p-3">
      <StateMark state="held" word="The fleet is frozen" />
      <span className="min-w-0 break-words">
        by {freeze.by}, <Time at={freeze.since} />: {freeze.reason}
        {freeze.until && (
          <>
            {' '}
            It ends <Time at={freeze.until} />.
          </>
        )}
      </span>
    </p>
  );
}

/** What waits in which application, folded where it is many. */
export function Holds({ of }: { readonly of: FleetView['applications'] }) {
  const all = of.flatMap(({ name, holds }) => holds.map((hold): readonly [string, HoldView] => [name, hold]));
  if (all.length === 0) return null;
  return (
    <details className="border-line bg-card rounded-lg border" open={all.length === 1}>
      <summary className="text-strong min-h-11 px-3 py-3 sm:min-h-9 sm:py-2">
        {all.length === 1 ? 'One thing waits' : `${all.length} things wait`}
      </summary>
      <ul className="flex max-h-56 flex-col gap-1 overflow-auto px-3 pb-3" tabIndex={0} aria-label="What waits">
        {all.map(([name, hold]) => (
          <li key={`${name} ${hold.code} ${hold.since}`} className="break-words">
            <Link to="/applications/$name" params={{ name }} search={{}} className="text-accent font-medium">
              {name}
            </Link>{' '}
            <code className="text-held">{hold.code}</code> {hold.message} · since <Time at={hold.since} />
            {hold.clearsAt && (
              <>
                {' '}
                · clears <Time at={hold.clearsAt} />
              </>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The chosen application in one line: its newest release, what is being rolled out, and who lags. */
export function ApplicationLine({
  application,
  newest,
  late,
  isLate,
  onLate,
}: {
  readonly application: FleetView['applications'][number];
  readonly newest: ReleaseView | undefined;
  readonly late: number;
  readonly isLate: boolean;
  readonly onLate: (isLate: boolean) => void;
}) {
  const { name, rollout } = application;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <span className="min-w-0 break-words">
        <Link to="/applications/$name" params={{ name }} search={{}} className="text-accent font-medium">
          {name}
        </Link>
        {newest ? (
          <>
            : newest is release {newest.release} “{newest.subject}”
            {newest.author !== '' && ` by ${newest.author.replace(/\s*<.*>$/, '')}`}, <Time at={newest.committedAt} />
          </>
        ) : (
          ': it has no release yet'
        )}
      </span>
      {rollout && (
        <span className="flex items-center gap-2">
          <Link to="/rollouts/$id" params={{ id: rollout.id }} search={{}} className="text-accent font-medium">
            {rollout.id}
          </Link>
          <StateMark state={rollout.paused ? 'paused' : rollout.state} />
        </span>
      )}
      <button
        type="button"
        aria-pressed={isLate}
        onClick={() => onLate(!isLate)}
        className={`min-h-11 rounded-md border px-2.5 font-medium sm:min-h-7 ${isLate ? 'border-strong bg-raised text-strong' : 'border-line hover:bg-raised'}`}
      >
        {late === 0 ? 'Nobody lags' : `${late.toLocaleString()} lag${late === 1 ? 's' : ''}`}
      </button>
    </div>
  );
}
