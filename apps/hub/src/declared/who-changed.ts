import type { FleetDrift } from '#contract';
import type { Unit } from '#ports';
import { iso } from '../http/views/time.js';
import { isFleetActor } from './declared-objects.js';

/** Objects of which it is looked up; whoever changed more by hand finds the rest in the audit. */
const MOST_LOOKED_UP = 50;
/** Acts of one object that are looked through. */
const ENTRIES = 100;

/** Under which name, and by which acts, the audit has what changes an object's document. */
interface Trace {
  readonly object: string;
  /** A number follows: `Rollout/web-12`. */
  readonly isNumbered?: boolean;
  readonly acts: readonly string[];
}

/** Adds who changed it last by hand, when and why, as the audit has it. @param since when the files were applied last, ms. */
export async function withAuthors(unit: Unit, drift: readonly FleetDrift[], since: number): Promise<FleetDrift[]> {
  const told: FleetDrift[] = [];
  for (const each of drift) {
    told.push(told.length < MOST_LOOKED_UP ? { ...each, ...(await authorOf(unit, each, since)) } : each);
  }
  return told;
}

async function authorOf(unit: Unit, of: FleetDrift, since: number): Promise<Pick<FleetDrift, 'by' | 'at' | 'reason'>> {
  const pages = await Promise.all(
    tracesOf(of).map(async (trace) => {
      const { items } = await unit.audit.list({ object: trace.object, from: since, limit: ENTRIES });
      return items.filter(({ act, object }) => trace.acts.includes(act) && isOf(trace, object));
    }),
  );
  const [last] = pages
    .flat()
    .filter(({ actor }) => !isFleetActor(actor))
    .sort((a, b) => b.at - a.at);
  return last ? { by: last.actor, at: iso(last.at), ...(last.reason !== undefined && { reason: last.reason }) } : {};
}

/** Objects are applied and deleted by their names; some are changed by acts of their own, which are about something else. */
function tracesOf({ kind, name }: Pick<FleetDrift, 'kind' | 'name'>): readonly Trace[] {
  const own: Trace = { object: `${kind}/${name}`, acts: ['apply', 'delete'] };
  const cluster = `Cluster/${name}`;
  switch (kind) {
    case 'Cluster':
      return [own, { object: cluster, acts: ['cluster.label', 'cluster.add', 'cluster.adopt', 'cluster.remove'] }];
    case 'Hold':
      return [own, { object: cluster, acts: ['cluster.hold', 'cluster.unhold'] }];
    case 'Pause':
      return [own, { object: `Rollout/${name}-`, isNumbered: true, acts: ['rollout.pause', 'rollout.resume'] }];
    case 'Freeze':
      return [own, { object: 'Fleet', acts: ['fleet.freeze', 'fleet.unfreeze'] }];
    default:
      return [own];
  }
}

/** The audit is asked for what begins so. */
function isOf({ object, isNumbered = false }: Trace, found: string): boolean {
  return isNumbered ? /^\d+$/.test(found.slice(object.length)) : found === object;
}
