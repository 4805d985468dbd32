import type { WindowView } from '#contract';

/** When a window is open, as the command line says it. */
export function windowText({ cron, duration, timeZone }: WindowView): string {
  const zone = timeZone.startsWith('label:') ? `in the time zone of each cluster’s ${timeZone.slice(6)}` : timeZone;
  return `${duration} from "${cron}" ${zone}`;
}
