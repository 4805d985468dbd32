import { useMemo, useState } from 'react';
import type { EventsView } from '#contract';
import { Button } from '../ui/button.js';
import { StateMark } from '../ui/state-mark.js';
import { counted } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty } from '../ui/words.js';
import { objectKey, objectText } from './object-names.js';
import type { ClusterSearch } from './search.js';

const SHOWN = 100;

/** Kubernetes' own events about an application's objects and what they own, the newest first. */
export function EventsTab({
  view,
  search: { object, only },
  onSearch,
}: {
  readonly view: EventsView;
  readonly search: ClusterSearch;
  readonly onSearch: (change: ClusterSearch) => void;
}) {
  const [shown, setShown] = useState(SHOWN);
  const found = useMemo(
    () =>
      view.events
        .filter(({ type }) => only !== 'warning' || type === 'Warning')
        .filter(({ about }) => object === undefined || objectKey(about) === object)
        .reverse(),
    [view.events, only, object],
  );
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p className="text-strong" role="status">
          {counted(found.length, 'event')}
        </p>
        <label className="flex min-h-11 items-center gap-2 sm:min-h-8">
          <input
            type="checkbox"
            className="accent-accent size-4.5"
            checked={only === 'warning'}
            onChange={({ target }) => onSearch({ only: target.checked ? 'warning' : undefined })}
          />
          Only warnings
        </label>
        {object !== undefined && (
          <p className="flex flex-wrap items-center gap-2">
            Only <code className="break-all">{object}</code>
            <Button onClick={() => onSearch({ object: undefined })}>Show all</Button>
          </p>
        )}
      </div>
      {found.length === 0 ? (
        <Empty title={view.events.length === 0 ? 'Kubernetes has no events of it' : 'No event is like that'}>
          A cluster keeps them for an hour unless it is told otherwise.
        </Empty>
      ) : (
        <ol className="border-line bg-card divide-line flex flex-col divide-y rounded-lg border">
          {found.slice(0, shown).map(({ about, type, reason, message, count, lastAt, source }, index) => (
            <li key={index} className="flex flex-col gap-0.5 px-3 py-2">
              <p className="flex flex-wrap items-center gap-x-3">
                <StateMark state={type === 'Warning' ? 'failed' : 'none'} word={type} />
                <b className="text-strong font-semibold">{reason}</b>
                <span className="min-w-0 break-all">{objectText(about)}</span>
                {count > 1 && <span className="text-muted">{count} times</span>}
                <span className="text-muted sm:ml-auto">
                  {source !== '' && `${source}, `}
                  <Time at={lastAt} />
                </span>
              </p>
              <p className="break-words">{message}</p>
            </li>
          ))}
        </ol>
      )}
      {found.length > shown && (
        <div>
          <Button onClick={() => setShown(shown + SHOWN)}>Show more of {counted(found.length, 'event')}</Button>
        </div>
      )}
    </>
  );
}
