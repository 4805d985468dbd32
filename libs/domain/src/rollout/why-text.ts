import { formatDuration } from '../duration.js';
import type { Millis } from './model.js';

export function clusters(count: number): string {
  return `${count} ${count === 1 ? 'cluster' : 'clusters'}`;
}

export function ago(at: Millis, now: Millis): string {
  return `${formatDuration(now - at)} ago`;
}

/** A person by name, without what their name is one of. */
export function personOf(actor: string): string {
  return actor.replace(/^[a-z]+:/, '');
}

/** A moment as the clocks of a time zone show it, to the minute: `2026-11-23 02:00 Europe/Berlin`. */
export function localTime(at: Millis, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit' },
  }).formatToParts(at);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${zone}`;
}
