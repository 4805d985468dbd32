import type { FleetDrift } from '#contract';
import type { Unit } from '#ports';
import { iso } from '../http/views/time.js';
import { isFleetActor } from './declared-objects.js';

/** Objects of which it is looked up; whoever changed more by hand finds the rest in the audit. */
const MOST_LOOKED_UP = 50;
/** Acts of one object that are looked through. */
const ENTRIES = 100;
/** What changes what a document would say. */
const ACTS: readonly string[] = [
  ...['apply', 'delete', 'fleet.freeze', 'fleet.unfreeze'],
  ...['cluster.label', 'cluster.add', 'cluster.adopt', 'cluster.remove'],
];

/** Adds who changed it last by hand, when and why, as the audit has it. @param since when the files were applied last, ms. */
export async function withAuthors(unit: Unit, drift: readonly FleetDrift[], since: number): Promise<FleetDrift[]> {
  const told: FleetDrift[] = [];
  for (const each of drift) {
    told.push(told.length < MOST_LOOKED_UP ? { ...each, ...(await authorOf(unit, each, since)) } : each);
  }
  return told;
}

async function authorOf(
  unit: Unit,
  { kind, name }: FleetDrift,
  since: number,
): Promise<Pick<FleetDrift, 'by' | 'at' | 'reason'>> {
  // A freeze is declared as an object, and set by people as an act on the fleet.
  const objects = [`${kind}/${name}`, ...(kind === 'Freeze' ? ['Fleet'] : [])];
  const pages = await Promise.all(objects.map((object) => unit.audit.list({ object, from: since, limit: ENTRIES })));
  const [last] = pages
    .flatMap(({ items }) => items)
    .filter(({ act, actor, object }) => objects.includes(object) && ACTS.includes(act) && !isFleetActor(actor))
    .sort((a, b) => b.at - a.at);
  return last ? { by: last.actor, at: iso(last.at), ...(last.reason !== undefined && { reason: last.reason }) } : {};
}
