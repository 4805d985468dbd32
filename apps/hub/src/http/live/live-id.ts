/** Where a follower stands: the last event that it has, and below which mark it knows the cells. Good at every hub of a database. */
export interface LivePlace {
  readonly event: number;
  readonly mark: number;
}

export function formatLiveId({ event, mark }: LivePlace): string {
  return `${event}.${mark}`;
}

/** Null: none that a hub ever gave. */
export function parseLiveId(text: string): LivePlace | null {
  const [, event, mark] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  return event === undefined || mark === undefined ? null : { event: Number(event), mark: Number(mark) };
}
