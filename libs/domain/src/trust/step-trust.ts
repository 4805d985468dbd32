import type { Trust, TrustChange, TrustEntry, TrustStep, TrustWorld } from './trust.js';

/** Most entries of one sort that a document tells: a file with more of them must not grow manifests without end. */
const MAX_TOLD = 8;

/** The first document: what agents are told when they join a hub that has never rotated anything. */
export function beginTrust(world: Pick<TrustWorld, 'keys' | 'authorities' | 'outside'>): Trust {
  const lane = (ids: readonly string[], told: number): readonly TrustEntry[] =>
    ids.slice(0, told).map((id, index) => ({ id, state: index === 0 ? 'current' : 'next', since: 1 }));
  return {
    generation: 1,
    keys: lane(world.keys.ids, MAX_TOLD),
    authorities: lane(world.authorities, MAX_TOLD),
    outside: world.outside,
    without: [],
  };
}

/**
 * Pure: the next step of whatever rotates. It looks only at what is there, so that it goes on from any moment at which a hub was
 * ended: a key that its keeper holds and that nobody knows is announced; once every cluster holds it, it is switched to; the one
 * before is told no more when nothing shows it any more. Equal trust: there is nothing to do now.
 */
export function stepTrust(trust: Trust, world: TrustWorld): TrustStep {
  const next = trust.generation + 1;
  const holds = (since: number): boolean => waitedFor(trust, world, since).length === 0;
  const { ids, kept } = world.keys;
  const keys = stepLane('manifest-key', trust.keys, {
    ids,
    next,
    holds,
    mayLead: (id) => kept === 'hub' || id === ids[0],
    comesBack: (id) => kept === 'outside' && id === ids[0],
    isShown: () => true,
  });
  const authorities = stepLane('ca', trust.authorities, {
    ids: world.authorities,
    next,
    holds,
    mayLead: () => true,
    comesBack: () => false,
    isShown: (id) => world.shown !== null && world.shown.every((shown) => shown === id),
  });
  const isOver = ![...keys.entries, ...authorities.entries].some(({ state }) => state === 'next' || state === 'old');
  const tells = keys.tells || authorities.tells || world.outside !== trust.outside;
  return {
    trust: {
      generation: tells ? next : trust.generation,
      keys: keys.entries,
      authorities: authorities.entries,
      outside: world.outside,
      without: isOver ? [] : trust.without,
    },
    changes: [...keys.changes, ...authorities.changes],
  };
}

/**
 * Clusters that do not hold a document of that generation yet, those left aside that are not waited for. Whoever says that it holds
 * one that was never told (by this database: it was restored from before) does not hold this one.
 */
export function waitedFor(
  trust: Pick<Trust, 'without' | 'generation'>,
  world: Pick<TrustWorld, 'clusters'>,
  since: number,
): TrustWorld['clusters'] {
  return world.clusters.filter(
    ({ uid, held }) => (held < since || held > trust.generation) && !trust.without.includes(uid),
  );
}

/** A claim beyond this is a lie: nobody rotates so often between two backups. */
const FARTHEST_AHEAD = 10_000;

/**
 * The generation to go on from where most clusters hold a later one than the database knows: else they would refuse whatever they
 * are told. One cluster alone proves nothing but that it says so.
 */
export function generationAhead(trust: Pick<Trust, 'generation'>, clusters: TrustWorld['clusters']): number | null {
  const ahead = clusters.map(({ held }) => held).filter((held) => held > trust.generation);
  const believed = ahead.filter((held) => held <= trust.generation + FARTHEST_AHEAD);
  return believed.length * 2 > clusters.length ? Math.max(...believed) + 1 : null;
}

interface Lane {
  readonly ids: readonly string[];
  /** The generation that a change makes. */
  readonly next: number;
  readonly holds: (since: number) => boolean;
  readonly mayLead: (id: string) => boolean;
  /** Whether one that was retired is wanted again. */
  readonly comesBack: (id: string) => boolean;
  /** Whether the current one, and nothing else, is what others see. */
  readonly isShown: (current: string) => boolean;
}

interface LaneStep {
  readonly entries: readonly TrustEntry[];
  readonly changes: readonly TrustChange[];
  /** Whether the document says something else now. */
  readonly tells: boolean;
}

/** One transition at a time: each is stored, and acted upon, before the one that builds on it. */
function stepLane(what: TrustChange['what'], before: readonly TrustEntry[], lane: Lane): LaneStep {
  return (
    withdraw(what, before, lane) ??
    announce(what, before, lane) ??
    lead(what, before, lane) ??
    retire(what, before, lane) ?? { entries: before, changes: [], tells: false }
  );
}

/** What its keeper has dropped can't be used any more. The current one stays named: manifests wait for it. */
function withdraw(what: TrustChange['what'], before: readonly TrustEntry[], { ids }: Lane): LaneStep | null {
  const lost = before.filter(({ id, state }) => state !== 'current' && !ids.includes(id));
  if (lost.length === 0) return null;
  const told = lost.filter(({ state }) => state !== 'gone');
  return {
    entries: before.filter((entry) => !lost.includes(entry)),
    changes: told.map(({ id }) => ({ act: 'withdrawn', what, id })),
    tells: told.length > 0,
  };
}

function announce(what: TrustChange['what'], before: readonly TrustEntry[], lane: Lane): LaneStep | null {
  const stays = before.filter(({ id, state }) => state !== 'gone' || !lane.comesBack(id));
  const room = MAX_TOLD - stays.filter(({ state }) => state !== 'gone').length;
  const news = lane.ids.filter((id) => stays.every((entry) => entry.id !== id)).slice(0, Math.max(room, 0));
  if (news.length === 0) return null;
  const isFirst = stays.every(({ state }) => state !== 'current');
  const added = news.map((id, index): TrustEntry => ({
    id,
    state: isFirst && index === 0 ? 'current' : 'next',
    since: lane.next,
  }));
  return {
    entries: [...stays, ...added],
    changes: news.map((id) => ({ act: 'announced', what, id })),
    tells: true,
  };
}

/** The document stays as it is: whoever believed both goes on believing both. */
function lead(what: TrustChange['what'], before: readonly TrustEntry[], lane: Lane): LaneStep | null {
  const ready = before.find(({ id, state, since }) => state === 'next' && lane.mayLead(id) && lane.holds(since));
  if (!ready) return null;
  return {
    entries: before.map((entry): TrustEntry => {
      if (entry === ready) return { ...entry, state: 'current' };
      return entry.state === 'current' ? { ...entry, state: 'old' } : entry;
    }),
    changes: [{ act: 'switched', what, id: ready.id }],
    tells: false,
  };
}

function retire(what: TrustChange['what'], before: readonly TrustEntry[], lane: Lane): LaneStep | null {
  const old = before.filter(({ state }) => state === 'old');
  const current = before.find(({ state }) => state === 'current');
  if (old.length === 0 || !current || !lane.isShown(current.id)) return null;
  return {
    entries: before.map((entry): TrustEntry => (entry.state === 'old' ? { ...entry, state: 'gone' } : entry)),
    changes: old.map(({ id }) => ({ act: 'retired', what, id })),
    tells: true,
  };
}
