import { useEffect, useRef, useState } from 'react';
import { Button } from '../ui/button.js';
import { Time } from '../ui/time.js';
import { momentAt, railMarks, type Moment } from './moments.js';

/** How long a hand rests before the hub is asked for that moment. */
const REST_MS = 250;
const STRETCHES = 160;

const MARKS = { wave: 'bg-progressing h-1.5', bad: 'bg-failed h-2.5', person: 'bg-held h-3.5' } as const;

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });

/** Goes through the history of a rollout, event by event; its right end is now. */
export function Scrubber({
  moments,
  at,
  onGo,
}: {
  readonly moments: readonly Moment[];
  readonly at: string | undefined;
  readonly onGo: (at: string | undefined) => void;
}) {
  const [held, setHeld] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const end = moments.length;
  const place = held ?? (at === undefined ? end : momentAt(moments, at));
  const go = (wanted: number): void => {
    const next = Math.max(0, Math.min(end, wanted));
    setHeld(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setHeld(null);
      onGo(moments[next]?.at);
    }, REST_MS);
  };
  if (end === 0) return null;
  const moment = moments[place];
  const says = moment ? `${clock.format(Date.parse(moment.at))}, ${moment.says}` : 'now';
  return (
    <section aria-label="History" className="border-line bg-card flex min-w-0 flex-col gap-1.5 rounded-lg border p-3">
      <div className="flex items-center gap-2">
        <Button
          tone="quiet"
          className="px-2!"
          aria-label="One event back"
          disabled={place === 0}
          onClick={() => go(place - 1)}
        >
          ‹
        </Button>
        <div className="relative flex min-w-0 flex-1 flex-col">
          <div aria-hidden="true" className="relative mx-2 flex h-3.5 items-end">
            {railMarks(moments, STRETCHES).map(({ place: share, mark }) => (
              <span
                key={share}
                className={`absolute bottom-0 w-0.5 ${MARKS[mark]}`}
                style={{ left: `${share * (1 - 1 / (end + 1)) * 100}%` }}
              />
            ))}
          </div>
          <input
            type="range"
            aria-label="Moment of the history"
            aria-valuetext={says}
            min={0}
            max={end}
            step={1}
            value={place}
            onChange={({ target }) => go(Number(target.value))}
            className="accent-accent h-6 w-full"
          />
        </div>
        <Button
          tone="quiet"
          className="px-2!"
          aria-label="One event on"
          disabled={place === end}
          onClick={() => go(place + 1)}
        >
          ›
        </Button>
        <Button tone={at === undefined ? 'quiet' : 'primary'} disabled={place === end} onClick={() => go(end)}>
          Now
        </Button>
      </div>
      <p className="text-muted line-clamp-2 px-2 break-words sm:line-clamp-1" data-says>
        {moment ? (
          <>
            <span className="text-strong tabular-nums">{clock.format(Date.parse(moment.at))}</span> · {moment.says}
          </>
        ) : (
          <>
            {moments.length} {moments.length === 1 ? 'moment' : 'moments'} since <Time at={moments[0]?.at} />: drag to
            see it as it was
          </>
        )}
      </p>
    </section>
  );
}

/** Nobody shall take the past for the present. */
export function PastBanner({
  id,
  at,
  onBack,
}: {
  readonly id: string;
  readonly at: string;
  readonly onBack: () => void;
}) {
  const time = Date.parse(at);
  return (
    <div
      role="status"
      className="border-held bg-card sticky top-0 z-10 flex flex-wrap items-center justify-between gap-3 rounded-lg border-2 p-3"
    >
      <p className="text-strong font-medium">
        This is the past: {id} as it was {Number.isNaN(time) ? at : clock.format(time)}
        {!Number.isNaN(time) && (
          <span className="text-muted font-normal">
            {' '}
            (<Time at={at} />)
          </span>
        )}
        . Nothing can be done to it.
      </p>
      <Button tone="primary" onClick={onBack}>
        Back to now
      </Button>
    </div>
  );
}
