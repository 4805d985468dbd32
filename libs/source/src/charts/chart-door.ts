import { RejectedError } from '#kit';
import type { ChartPlace } from './chart-place.js';

/** One version as it is published. */
export interface PublishedChart {
  /** As the chart has it. */
  readonly version: string;
  /** Absent: only the pack itself tells. */
  readonly digest?: string;
  readonly createdAt?: string;
  readonly description?: string;
}

export interface ChartRange {
  readonly range: string;
  readonly prereleases: boolean;
}

/** One chart where it is published: a repository's or a registry's. */
export interface ChartDoor {
  /** The newest version within the range. @throws what ChartSource.resolve throws */
  find(range: ChartRange): Promise<PublishedChart>;
  /** The pack of one version, unchecked. @throws what ChartSource.resolve throws; RejectedError `digest-mismatch` */
  fetch(chart: Pick<PublishedChart, 'version' | 'digest'>): Promise<Buffer>;
}

/** Bytes of a packed chart. */
export const MAX_PACK_BYTES = 32 * 1024 * 1024;

/** ISO 8601 in UTC of a time as anybody may have written it; undefined: it is none. */
export function timeOf(text: string | undefined): string | undefined {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** First line of what a chart says of itself. */
export function lineOf(text: string | undefined): string | undefined {
  const line = (text?.trim().split('\n')[0] ?? '').replace(/[\p{Cc}\p{Cf}]/gu, ' ').trim();
  return line === '' ? undefined : line.slice(0, 200);
}

/** People write ranges for charts with commas too, as Helm takes them. */
export function rangeOf({ range, prereleases }: ChartRange): ChartRange {
  return { range: range.replace(/\s*,\s*/g, ' ').trim(), prereleases };
}

export function digestMismatch(place: ChartPlace, version: string, pinned: string, found: string): RejectedError {
  return new RejectedError(
    'digest-mismatch',
    `${place.shown}: version ${version} has the digest ${found}, and ${pinned} was pinned: it was published anew or changed on its way; publish a new version in its place.`,
  );
}
