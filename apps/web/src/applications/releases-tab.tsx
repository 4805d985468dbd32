import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { ReleaseView } from '#contract';
import { releases } from '../api/queries.js';
import { Button } from '../ui/button.js';
import { StateBar } from '../ui/state-bar.js';
import { counted, grouped, shortRevision } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { commitLink } from './commit-link.js';
import { Overlays } from './overlays.js';
import { places, source } from './reads.js';
import { placesOf, type Place } from './release-places.js';

/** Every release with its commit, and where it runs. */
export function ReleasesTab({
  name,
  sourceName,
  mayAct,
  onLift,
}: {
  readonly name: string;
  readonly sourceName: string;
  readonly mayAct: boolean;
  readonly onLift: (release: number) => void;
}) {
  const list = useQuery(releases(name));
  const cells = useQuery(places(name));
  const from = useQuery(source(sourceName));
  const where = useMemo(() => (cells.data ? placesOf(cells.data) : undefined), [cells.data]);
  if (list.error && !list.data)
    return <Failed error={list.error} what={`the releases of ${name}`} onRetry={() => list.refetch()} />;
  if (!list.data) return <Loading what="releases" />;
  if (list.data.length === 0)
    return (
      <Empty title="It has no release yet">
        The next look at source {sourceName} makes one, once its folder can be rendered for a cluster.
      </Empty>
    );
  return (
    <div className="flex flex-col gap-3">
      {cells.error && !cells.data && (
        <Failed error={cells.error} what="where releases run" onRetry={() => cells.refetch()} />
      )}
      <ol className="flex flex-col gap-3" aria-label={`Releases of ${name}, the newest first`}>
        {list.data.map((release, index) => (
          <Release
            key={release.release}
            release={release}
            link={commitLink(from.data?.spec.url, release.revision)}
            place={where?.of.get(release.release)}
            total={where?.total ?? 0}
            before={list.data[index + 1]?.release}
            onLift={mayAct ? onLift : undefined}
          />
        ))}
      </ol>
      {list.data.length === 200 && <p className="text-muted">These are the newest 200.</p>}
    </div>
  );
}

function Release({
  release,
  link,
  place,
  total,
  before,
  onLift,
}: {
  readonly release: ReleaseView;
  readonly link: string | undefined;
  readonly place: Place | undefined;
  readonly total: number;
  readonly before: number | undefined;
  readonly onLift: ((release: number) => void) | undefined;
}) {
  const { application: name, release: number, subject, author, committedAt, revision, barred, overlays } = release;
  const { sources = [], warnings = [] } = release;
  const { overlayCount = overlays.length } = release;
  const [isOpen, setOpen] = useState(false);
  const isOut = place !== undefined && place.runs + place.comes > 0;
  return (
    <li
      className="border-line bg-card grid min-w-0 grid-cols-1 gap-x-6 gap-y-3 rounded-lg border p-3 sm:p-4 lg:grid-cols-[minmax(0,1fr)_22rem]"
      aria-label={`Release ${number}`}
    >
      <div className="flex min-w-0 flex-col gap-1">
        <h3 className="flex min-w-0 flex-wrap items-baseline gap-x-2 gap-y-1">
          <span className="bg-raised rounded px-1.5 py-0.5 tabular-nums">{number}</span>
          <span className="min-w-0 break-words">{subject || <span className="text-muted">no message</span>}</span>
          {barred && (
            <span className="border-danger text-danger rounded border px-1.5 text-xs leading-5 font-medium">
              ⊘ barred
            </span>
          )}
        </h3>
        <p className="text-muted flex flex-wrap gap-x-3 gap-y-1">
          {/* Nobody is told as the author of a chart. */}
          {author !== '' && <span title={author}>{personOf(author)}</span>}
          <span>
            {author === '' ? 'made' : 'committed'} <Time at={committedAt} />
          </span>
          {link === undefined ? (
            <code title={revision}>{shortRevision(revision)}</code>
          ) : (
            <a
              href={link}
              target="_blank"
              rel="noreferrer noopener"
              className="text-accent underline"
              aria-label={`Commit ${shortRevision(revision)} on ${new URL(link).host}, in a new tab`}
            >
              <code title={revision}>{shortRevision(revision)}</code> ↗
            </a>
          )}
          {sources.flatMap((each) => {
            const text = versionOf(each);
            if (text === '') return [];
            return (
              <span key={`${each.environment} ${each.name}`} title={each.signature?.fingerprint}>
                {text}
              </span>
            );
          })}
        </p>
        {warnings.map((warning) => (
          <p key={warning} className="text-warn break-words">
            {warning}
          </p>
        ))}
        {barred && <p>It was rolled back: it is not rolled out again until somebody lifts the bar.</p>}
      </div>
      <div className="flex min-w-0 flex-col gap-1.5">
        {isOut ? (
          <>
            <StateBar counts={place.states} of={total} />
            <p className="flex flex-wrap gap-x-3">
              <Link
                to="/fleet"
                search={{ application: name, release: String(number) }}
                className="text-accent underline"
              >
                runs on {grouped(place.runs)} of {counted(total, 'cluster')}
              </Link>
              {place.comes > 0 && <span>{grouped(place.comes)} on the way to it</span>}
            </p>
          </>
        ) : (
          <p className="text-muted">{total === 0 ? 'Not known to run anywhere' : 'Runs nowhere'}</p>
        )}
      </div>
      <div className="flex flex-wrap items-start gap-2 lg:col-span-2">
        <details
          className="min-w-0 flex-1 basis-full sm:basis-auto"
          onToggle={(event) => setOpen(event.currentTarget.open)}
        >
          <summary className="text-muted hover:text-strong min-h-11 py-3 sm:min-h-8 sm:py-1.5">
            {counted(overlayCount, 'overlay')}
          </summary>
          {isOpen && <Overlays application={name} release={number} />}
        </details>
        {before !== undefined && (
          <Link
            to="/applications/$name"
            params={{ name }}
            search={{ tab: 'diff', from: String(before), to: String(number) }}
            className={LINK_BUTTON}
            aria-label={`Difference to ${before} of release ${number}`}
          >
            Difference to {before}
          </Link>
        )}
        <Link
          to="/applications/$name"
          params={{ name }}
          search={{ tab: 'plan', release: String(number) }}
          className={LINK_BUTTON}
          aria-label={`Plan release ${number}`}
        >
          Plan
        </Link>
        {barred && onLift && (
          <Button onClick={() => onLift(number)} aria-label={`Lift the bar of release ${number}`}>
            Lift …
          </Button>
        )}
      </div>
    </li>
  );
}

const LINK_BUTTON =
  'border-line bg-card text-strong hover:bg-raised inline-flex min-h-11 items-center rounded-md border px-3 font-medium sm:min-h-8';

/** Which version of a source it is, and who signed that, as far as either is told. */
function versionOf({ version, tag, signature }: NonNullable<ReleaseView['sources']>[number]): string {
  const said = [version ?? tag, signature && `signed by ${signature.signer}`];
  return said.filter(Boolean).join(', ');
}

/** Of `Ada Lovelace <ada@example.org>` the name. */
function personOf(author: string): string {
  return /^(.*?)\s*<[^>]*>$/.exec(author)?.[1] || author || 'nobody known';
}
