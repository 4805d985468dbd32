import type { TargetView } from '#contract';

type TargetState = TargetView['state'];

/** Where a cluster stands on its way through a wave. `aside`: it will not pass as it is. */
export const ZONES = ['waiting', 'inFlight', 'passed', 'aside'] as const;
export type Zone = (typeof ZONES)[number];

export const ZONE_WORDS: Readonly<Record<Zone, string>> = {
  waiting: 'Waiting',
  inFlight: 'In flight',
  passed: 'Passed',
  aside: 'Failed, put off, skipped',
};

export function zoneOf(state: TargetState): Zone {
  switch (state) {
    case 'pending':
      return 'waiting';
    case 'assigned':
    case 'progressing':
      return 'inFlight';
    case 'passed':
    case 'unchanged':
      return 'passed';
    case 'failed':
    case 'deferred':
    case 'skipped':
    case 'removed':
      return 'aside';
  }
}

/** Within the zone of what will not pass, the worst first. */
const ASIDE_ORDER: readonly TargetState[] = ['failed', 'deferred', 'skipped', 'removed'];

export interface ZoneBox {
  readonly zone: Zone;
  readonly count: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface LaneLayout {
  /** Side of a cell with its gap, CSS pixels. */
  readonly pitch: number;
  readonly height: number;
  /** In the order of ZONES; stacked ones that hold nobody are left out. */
  readonly zones: readonly ZoneBox[];
  /** Places of the targets by their index, x and y in turn: the upper left corner of each. */
  readonly places: Float32Array;
  /** Indexes of the targets in the order in which arrows walk them: zone by zone. */
  readonly order: readonly number[];
}

export const HEADING_PX = 20;
const GAP_PX = 16;
/** Below that the zones stand one above the other. */
const STACKED_PX = 560;

/** Small enough that a wave stays a lane, and not a wall. */
export function pitchOf(count: number): number {
  if (count <= 150) return 20;
  if (count <= 600) return 15;
  return count <= 2500 ? 11 : 7;
}

/** Pure: where each target of a wave stands. `targets` are in the order in which their turns come. */
export function layoutLane(targets: readonly { readonly state: TargetState }[], width: number): LaneLayout {
  const pitch = pitchOf(targets.length);
  const groups: Record<Zone, number[]> = { waiting: [], inFlight: [], passed: [], aside: [] };
  targets.forEach(({ state }, index) => groups[zoneOf(state)].push(index));
  const worth = (index: number): number => ASIDE_ORDER.indexOf(targets[index]?.state ?? 'removed');
  groups.aside.sort((a, b) => worth(a) - worth(b) || a - b);
  const isStacked = width < STACKED_PX;
  const boxes = isStacked ? stacked(groups, width, pitch) : beside(groups, width, pitch);
  const places = new Float32Array(targets.length * 2);
  let height = 0;
  for (const { zone, x, y, width: boxWidth } of boxes) {
    const columns = columnsOf(boxWidth, pitch);
    groups[zone].forEach((index, at) => {
      places[index * 2] = x + (at % columns) * pitch;
      places[index * 2 + 1] = y + HEADING_PX + Math.floor(at / columns) * pitch;
    });
    height = Math.max(height, y + HEADING_PX + Math.max(1, Math.ceil(groups[zone].length / columns)) * pitch);
  }
  return { pitch, height, zones: boxes, places, order: boxes.flatMap(({ zone }) => groups[zone]) };
}

const columnsOf = (width: number, pitch: number): number => Math.max(1, Math.floor(width / pitch));

function stacked(groups: Readonly<Record<Zone, number[]>>, width: number, pitch: number): ZoneBox[] {
  let y = 0;
  return ZONES.filter((zone) => groups[zone].length > 0).map((zone) => {
    const count = groups[zone].length;
    const box = { zone, count, x: 0, y, width };
    y += HEADING_PX + Math.ceil(count / columnsOf(width, pitch)) * pitch + GAP_PX;
    return box;
  });
}

/** Of the width, for each zone: the same in every lane, so that lanes can be read downwards, and only who moves moves. */
const SHARES: Readonly<Record<Zone, number>> = { waiting: 0.27, inFlight: 0.2, passed: 0.35, aside: 0.18 };
/** Of more clusters than that each zone has the more room the more of them stand in it. */
const MAX_FIXED = 1000;

function beside(groups: Readonly<Record<Zone, number[]>>, width: number, pitch: number): ZoneBox[] {
  const all = Math.max(
    1,
    ZONES.reduce((sum, zone) => sum + groups[zone].length, 0),
  );
  const free = width - GAP_PX * (ZONES.length - 1);
  let x = 0;
  return ZONES.map((zone) => {
    const count = groups[zone].length;
    const wanted = free * (all > MAX_FIXED ? 0.16 + 0.36 * (count / all) : SHARES[zone]);
    const boxWidth = Math.floor(wanted / pitch) * pitch;
    const box = { zone, count, x: Math.round(x), y: 0, width: boxWidth };
    x += (all > MAX_FIXED ? boxWidth : wanted) + GAP_PX;
    return box;
  });
}

/** The target under a point, or -1. */
export function targetAt({ places, pitch }: LaneLayout, x: number, y: number): number {
  for (let index = 0; index < places.length / 2; index += 1) {
    const left = places[index * 2] ?? 0;
    const top = places[index * 2 + 1] ?? 0;
    if (x >= left && x < left + pitch && y >= top && y < top + pitch) return index;
  }
  return -1;
}

/** Where an arrow leads from a target: sideways along the order, up and down to the nearest cell that way. */
export function step(layout: LaneLayout, from: number, key: string): number {
  const { order, places } = layout;
  const at = order.indexOf(from);
  if (at < 0) return order[0] ?? -1;
  switch (key) {
    case 'ArrowRight':
      return order[Math.min(order.length - 1, at + 1)] ?? from;
    case 'ArrowLeft':
      return order[Math.max(0, at - 1)] ?? from;
    case 'Home':
      return order[0] ?? from;
    case 'End':
      return order.at(-1) ?? from;
    case 'ArrowDown':
    case 'ArrowUp':
      break;
    default:
      return from;
  }
  const sign = key === 'ArrowDown' ? 1 : -1;
  const x = places[from * 2] ?? 0;
  const y = places[from * 2 + 1] ?? 0;
  let best = from;
  let least = Infinity;
  for (const each of order) {
    const dy = ((places[each * 2 + 1] ?? 0) - y) * sign;
    if (dy <= 0) continue;
    const distance = dy + Math.abs((places[each * 2] ?? 0) - x) * 2;
    if (distance < least) {
      least = distance;
      best = each;
    }
  }
  return best;
}
