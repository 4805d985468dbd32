/** Milliseconds since the epoch as the API writes times. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** `{[key]: iso}` where there is a time, else nothing: absent fields stay absent. */
export function isoField<K extends string>(key: K, ms: number | null | undefined): { [P in K]?: string } {
  return ms === null || ms === undefined ? {} : ({ [key]: iso(ms) } as { [P in K]?: string });
}

/** A time that somebody gave, as the store takes it. */
export function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}
