import type { EventView } from '#contract';

/** A moment at which something happened, and what. */
export interface Moment {
  /** ISO 8601; as the API takes it for `at`. */
  readonly at: string;
  /** What happened then, the first of it. */
  readonly says: string;
  /** Of something that stands out on the rail: a wave that opened, a failure, a person's act. */
  readonly mark: 'wave' | 'bad' | 'person' | null;
}

const WAVES = new Set(['waveOpened', 'waveDone', 'waveSoaking', 'waveWaits', 'waveSkipped', 'waveGivenUp']);
const BAD = new Set(['failed', 'lost', 'regressed', 'held', 'deferred', 'takingBack']);

function markOf({ event, actor }: EventView): Moment['mark'] {
  if (actor !== undefined) return 'person';
  if (BAD.has(event)) return 'bad';
  return WAVES.has(event) ? 'wave' : null;
}

/** Pure: the moments of a history, oldest first, one for each time that something happened at. */
export function momentsOf(newestFirst: readonly EventView[]): readonly Moment[] {
  const moments: Moment[] = [];
  let more = 0;
  for (const event of newestFirst.toReversed()) {
    const last = moments.at(-1);
    const mark = markOf(event);
    if (last?.at !== event.at) {
      moments.push({ at: event.at, says: event.message, mark });
      more = 0;
      continue;
    }
    more += 1;
    const first = last.says.replace(/ \(and \d+ more\)$/, '');
    moments[moments.length - 1] = { ...last, says: `${first} (and ${more} more)`, mark: weightier(last.mark, mark) };
  }
  return moments;
}

const WEIGHTS = [null, 'wave', 'bad', 'person'] as const;

function weightier(a: Moment['mark'], b: Moment['mark']): Moment['mark'] {
  return WEIGHTS.indexOf(a) >= WEIGHTS.indexOf(b) ? a : b;
}

/** The last moment that is not later than a time; 0 where all are. */
export function momentAt(moments: readonly Moment[], at: string): number {
  const wanted = Date.parse(at);
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Date.parse(moments[middle]?.at ?? '') <= wanted) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** As many marks as can be told apart on a rail, the weightiest of each stretch. */
export function railMarks(
  moments: readonly Moment[],
  stretches: number,
): readonly { readonly place: number; readonly mark: NonNullable<Moment['mark']> }[] {
  const best = new Map<number, { place: number; mark: NonNullable<Moment['mark']> }>();
  moments.forEach(({ mark }, index) => {
    if (mark === null) return;
    const place = moments.length < 2 ? 0 : index / (moments.length - 1);
    const stretch = Math.min(stretches - 1, Math.floor(place * stretches));
    const known = best.get(stretch);
    if (!known || weightier(known.mark, mark) !== known.mark) best.set(stretch, { place, mark });
  });
  return [...best.values()];
}
