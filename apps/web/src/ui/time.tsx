import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listen: () => void): () => void {
  listeners.add(listen);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listen);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The present by one clock for the whole page, each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** How long, as people say it: `12s`, `4m 10s`, `3h 20m`, `5d 2h`. */
export function spanText(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s}s`;
  const m = Math.floor(s / 60);
  if (m < 60) return s % 60 === 0 || m >= 10 ? `${m}m` : `${m}m ${s % 60}s`;
  const h = Math.floor(m / 60);
  if (h < 48) return m % 60 === 0 ? `${h}h` : `${h}h ${m % 60}m`;
  const d = Math.floor(h / 24);
  return h % 24 === 0 || d >= 14 ? `${d}d` : `${d}d ${h % 24}h`;
}

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** A time relative to now, the absolute one on hover and for who reads by ear. */
export function Time({ at }: { readonly at: string | undefined }) {
  const present = useNow();
  if (at === undefined) return <span className="text-muted">never</span>;
  const distance = Date.parse(at) - present;
  const relative =
    Math.abs(distance) < 1000 ? 'now' : distance > 0 ? `in ${spanText(distance)}` : `${spanText(-distance)} ago`;
  return (
    <time dateTime={at} title={absolute.format(Date.parse(at))} className="whitespace-nowrap">
      {relative}
    </time>
  );
}
