import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  canonicalJson,
  need,
  type Effect,
  type EngineCheckpoint,
  type LoadedRow,
  type LogEntry,
  type ReportInput,
  type RolloutEvent,
  STRATEGY_DEFAULTS,
  WAVE_DEFAULTS,
} from '#domain';
import type { Page, PageRequest, Store, Unit } from '#ports';
import { openStore } from '#store';
import { verifyRollout } from '../../apps/hub/src/history/replay-rollout.js';
import { runStep } from '../../apps/hub/src/steps/advance/run-step.js';
import { MemoryShell } from '../../libs/domain/src/rollout/testing/memory-shell.js';
import { createTestDatabase, type TestDatabase } from '../helpers/test-database.js';
import { Adversary, type Random, randomOf } from './adversary.js';
import { openStatementProxy, type Abort, type StatementProxy } from './statement-proxy.js';

const SEED = Number(process.env['FLOTILLA_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Per hub, as far as they come in that time: the machine may be busy. */
const TURNS = 120;
const TURNS_MS = 90_000;
const APPLICATIONS = ['api', 'shop', 'web'];
const UIDS = Array.from({ length: 10 }, (_, index) => `c0${index}`);
const START = 1_000_000;

const beat = (uid: string): { uid: string; sequence: number; version: string; protocol: number } => ({
  ...{ uid, sequence: 0, version: '0.1.0', protocol: 1 },
});

/** One event of one application. */
type Item = readonly [application: string, event: RolloutEvent];

/** A transaction that the database said it had committed, as far as one application is concerned. */
interface Acknowledged {
  readonly application: string;
  readonly event: RolloutEvent;
  /** The header's version before and after. */
  readonly from: number;
  readonly to: number;
}

interface Hub {
  readonly store: Store;
  readonly proxy: StatementProxy;
  /** Milliseconds that its clock is wrong by. */
  readonly skew: number;
}

let database: TestDatabase;
const hubs: Hub[] = [];
const random: Random = randomOf(SEED);
const adversaries = new Map(APPLICATIONS.map((name) => [name, new Adversary(random, UIDS)]));
const acknowledged: Acknowledged[] = [];
/** What was played lately; some of it is played again. */
const recent: (readonly Item[])[] = [];
const aborts: Record<Abort | 'deadlock', number> = { fail: 0, cut: 0, deadlock: 0 };
/** How often a hub began a transaction upon an application that the other one was busy with. */
let met = 0;
const busy = new Map<string, number>();
let now = START;

/** What people do to clusters and to the fleet, in the same transaction as the events that tell of it. */
type Also = (unit: Unit) => Promise<unknown>;

/** Where a transaction is aborted before it comes through: at each of its statements, one after the other, at one, or at none. */
type Aborts = 'each' | 'one' | 'none';

async function play(
  hub: Hub,
  items: readonly Item[],
  also?: Also,
  when: Aborts = (['each', 'one', 'none'] as const)[random(3)] ?? 'none',
): Promise<void> {
  const at = now + hub.skew;
  const first = when === 'each' ? 1 : when === 'one' ? 1 + random(20) : null;
  for (let n = first; ; n = n !== null && when === 'each' ? n + 1 : null) {
    const how: Abort = random(12) === 0 ? 'cut' : 'fail';
    if (n !== null) hub.proxy.arm(n, how);
    const names = items.map(([application]) => application);
    for (const name of names) {
      if ((busy.get(name) ?? 0) > 0) met += 1;
      busy.set(name, (busy.get(name) ?? 0) + 1);
    }
    try {
      const effects = await hub.store.transact(async (unit) => {
        await also?.(unit);
        return takeAll(unit, items, at);
      });
      if (hub.proxy.disarm()) throw new Error(`a transaction that was aborted at statement ${n} says it is committed`);
      for (const [application, ...each] of effects) note(application, ...each);
      return;
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (hub.proxy.disarm()) aborts[how] += 1;
      else if (code === 'serialization') aborts.deadlock += 1;
      else throw error;
    } finally {
      for (const name of names) busy.set(name, (busy.get(name) ?? 0) - 1);
    }
  }
}

type Taken = readonly [string, RolloutEvent, from: number, to: number, readonly Effect[]];

async function takeAll(unit: Unit, items: readonly Item[], at: number): Promise<readonly Taken[]> {
  const taken: Taken[] = [];
  for (const [application, event] of items) {
    const { version } = await unit.rollouts.lock(application);
    const outcome = await runStep(unit, application, event, at);
    taken.push([application, event, version, outcome.header.version, outcome.effects]);
  }
  return taken;
}

function note(application: string, event: RolloutEvent, from: number, to: number, effects: readonly Effect[]): void {
  if (to > from) acknowledged.push({ application, event, from, to });
  for (const effect of effects) if (effect.type === 'ask') adversaries.get(application)?.asks.push(effect);
}

/** One thing that happens: to an application, to a cluster, to the fleet. */
async function turn(hub: Hub): Promise<void> {
  now += random(25) === 0 ? 130_000 : random(6_000);
  const dice = random(30);
  const some = UIDS.filter(() => random(3) === 0);
  const { clusters } = hub.store.read;
  if (dice === 0) {
    await clusters.markSilent(now - 60_000);
  } else if (dice === 1) {
    const [uid = ''] = some;
    const events = APPLICATIONS.map((name): Item => [name, { type: 'held', clusters: [uid], actor: 'token:ann' }]);
    await play(hub, events, (unit) => unit.clusters.hold(uid, { reason: 'disks', by: 'token:ann', since: now }));
  } else if (dice === 2) {
    const held = (await clusters.joined()).filter(({ hold }) => hold !== null).map(({ uid }) => uid);
    const events = APPLICATIONS.map((name): Item => [name, { type: 'unheld', clusters: held, actor: 'token:ann' }]);
    await play(hub, events, (unit) => Promise.all(held.map((uid) => unit.clusters.unhold(uid))));
  } else if (dice === 3) {
    const until = now + 60_000;
    const ticks = APPLICATIONS.map((name): Item => [name, { type: 'tick' }]);
    await play(hub, ticks, (unit) => unit.freeze.set({ by: 'token:ann', reason: 'feast', since: now, until }));
  } else if (dice === 4) {
    const ticks = APPLICATIONS.map((name): Item => [name, { type: 'tick' }]);
    await play(hub, ticks, (unit) => unit.freeze.clear());
  } else if (dice < 8) {
    const again = recent[random(recent.length)];
    if (again) await play(hub, again);
  } else {
    await clusters.seen(some.map(beat), now);
    const application = APPLICATIONS[random(APPLICATIONS.length)] ?? '';
    const [header, rows] = await Promise.all([
      hub.store.read.rollouts.header(application),
      hub.store.read.rollouts.rows(application, { all: true }),
    ]);
    const event = adversaries.get(application)?.next(
      header,
      rows.map(({ row }) => row),
    );
    if (!event) return;
    const items: readonly Item[] = [[application, event]];
    recent.push(items);
    if (recent.length > 20) recent.shift();
    await play(hub, items);
  }
}

/** What only some schedules come to is aborted at each of its statements at least here. */
async function everyStatement(hub: Hub): Promise<void> {
  const [uid = ''] = UIDS;
  const ann = { actor: 'token:ann' } as const;
  const take = (event: RolloutEvent, also?: Also): Promise<void> =>
    play(
      hub,
      APPLICATIONS.map((name): Item => [name, event]),
      also,
      'each',
    );
  const { clusters } = hub.store.read;
  await clusters.unhold(uid);
  await take({ type: 'held', clusters: [uid], ...ann }, (unit) =>
    unit.clusters.hold(uid, { reason: 'disks', by: 'token:ann', since: now }),
  );
  await take({ type: 'tick' }, (unit) => unit.freeze.set({ by: 'token:ann', reason: 'feast', since: now }));
  await take({ type: 'tick' }, (unit) => unit.freeze.clear());
  await take({ type: 'unheld', clusters: [uid], ...ann }, (unit) => unit.clusters.unhold(uid));
  await take({ type: 'cancel', ...ann });
  for (const [name, adversary] of adversaries) {
    await play(hub, [[name, adversary.next(null, [])]], undefined, 'each');
    await play(hub, [[name, { type: 'rollback', ...ann }]], undefined, 'each');
  }
}

/** Whatever stands in the way is cancelled, and a release succeeds, each of its steps by the other hub. */
async function goodRollout(application: string): Promise<void> {
  const { rollouts, clusters } = (hubs[0] as Hub).store.read;
  for (const uid of UIDS) await clusters.unhold(uid);
  const ann = { actor: 'token:ann' } as const;
  const turns = (round: number): Hub => hubs[round % hubs.length] as Hub;
  for (let round = 0; round < 60; round += 1) {
    now += 40_000;
    await clusters.seen(UIDS.map(beat), now);
    const header = await rollouts.header(application);
    const isGood = header?.rollout?.startedBy === 'token:good';
    if (isGood && header?.rollout?.state === 'succeeded') return;
    const isRunning = header?.rollout?.state === 'running';
    if (isRunning && (isGood || header.rollout?.kind === 'rollback')) {
      const rows = await rollouts.rows(application, { all: true });
      const reports = rows.flatMap(({ row: { uid, assignment } }): ReportInput[] => {
        if (assignment === null) return [];
        const { generation, digest, healthyForMs: steadyMs } = assignment;
        return [{ uid, generation, digest, steadyMs, phase: 'healthy', breaks: 0 }];
      });
      await play(turns(round), [[application, { type: 'reports', reports }]]);
      await play(turns(round + 1), [[application, { type: 'tick' }]]);
      if ((header?.rollout?.holds.length ?? 0) === 0) continue;
      await play(turns(round), [[application, { type: 'resume', accept: true, ...ann }]]);
      await play(turns(round + 1), [[application, { type: 'retry', ...ann }]]);
    } else {
      await play(turns(round), [[application, { type: 'cancel', ...ann }]]);
    }
    if (isRunning) continue;
    const event = adversaries.get(application)?.next(null, []);
    if (event?.type !== 'start') throw new Error('no release');
    const waves = [{ ...WAVE_DEFAULTS, name: 'all', maxConcurrency: '50%' as const }];
    const good = { strategy: { ...STRATEGY_DEFAULTS, waves }, actor: 'token:good', automatic: false };
    await play(turns(round + 1), [[application, { ...event, ...good }]]);
  }
  throw new Error(`the good rollout of ${application} did not end`);
}

async function all<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await list({ limit: 50, ...(after !== undefined && { after }) });
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}

/** The whole log of an application, in the order of its commits. */
async function logOf(
  store: Store,
  application: string,
): Promise<{ entries: readonly LogEntry[]; checkpoints: readonly EngineCheckpoint[] }> {
  const rollouts = await all((page) => store.read.rollouts.list(application, page));
  const [entries, checkpoints]: [LogEntry[], EngineCheckpoint[]] = [[], []];
  for (const { rollout } of rollouts.reverse()) {
    const checkpoint = await store.read.rollouts.checkpointOf(rollout.id);
    if (checkpoint) checkpoints.push(checkpoint);
    entries.push(...(await all((page) => store.read.rollouts.steps(rollout.id, page))));
  }
  return { entries, checkpoints };
}

const byUid = <T extends { readonly uid: string }>(rows: Iterable<T>): T[] =>
  [...rows].sort((a, b) => (a.uid < b.uid ? -1 : 1));

/** The steps of the log, taken in memory: what it says was loaded is loaded, and held against what memory would load. */
function inMemory(application: string, entries: readonly LogEntry[]): { shell: MemoryShell; strange: string[] } {
  const shell = new MemoryShell(application);
  const strange: string[] = [];
  for (const { step, event, at, inputs } of entries) {
    for (const { uid, ...presence } of inputs) shell.presence.set(uid, presence);
    // The one row that is due next may be another one of the same moment; who was silent, the log does not say of all.
    const { next, silent, ...others } = need(shell.header, event, at);
    const wanted = shell.load(others).map(({ row }) => row.uid);
    const loaded = new Set(inputs.map(({ uid }) => uid));
    if (wanted.some((uid) => !loaded.has(uid))) strange.push(`step ${step}: not all that was needed was loaded`);
    if (silent === undefined && loaded.size > new Set(wanted).size + (next ? 1 : 0)) {
      strange.push(`step ${step}: more was loaded than needed`);
    }
    const { decision } = shell.one(event, at, ({ rows }) =>
      inputs.flatMap(({ uid, ...presence }): LoadedRow[] => {
        const row = rows.get(uid);
        return row ? [{ row, ...presence }] : [];
      }),
    );
    if (decision.header.version !== step) strange.push(`step ${step} leads to version ${decision.header.version}`);
  }
  return { shell, strange };
}

beforeAll(async () => {
  database = await createTestDatabase();
  for (const skew of [0, -1500]) {
    const proxy = await openStatementProxy(database.url);
    hubs.push({ proxy, skew, store: await openStore({ url: proxy.url, poolSize: 4 }) });
  }
});

afterAll(async () => {
  for (const { store, proxy } of hubs) {
    await store.close();
    await proxy.close();
  }
  await database.drop();
});

describe(`two hubs on the same applications, whose transactions are aborted at every statement (FLOTILLA_SEED=${SEED})`, () => {
  beforeAll(async () => {
    const [first] = hubs;
    if (!first) throw new Error('there is no hub');
    for (const uid of UIDS) {
      await first.store.read.clusters.register({ uid, name: uid, labels: {}, now });
      await first.store.read.clusters.markJoined(uid, { publicKey: uid, version: '0.1.0', protocol: 1, now });
    }
    for (const [name, adversary] of adversaries)
      await play(first, [[name, adversary.next(null, [])]], undefined, 'each');
    const since = performance.now();
    await Promise.all(
      hubs.map(async (hub) => {
        for (let left = TURNS; left > 0 && performance.now() - since < TURNS_MS; left -= 1) await turn(hub);
      }),
    );
    await everyStatement(first);
    for (const application of APPLICATIONS) await goodRollout(application);
  }, 240_000);

  it('lose no event and take none twice', async () => {
    for (const application of APPLICATIONS) {
      const own = acknowledged.filter((each) => each.application === application).sort((a, b) => a.from - b.from);
      const { entries } = await logOf(hubs[0]?.store as Store, application);
      expect(entries.map(({ step }) => step)).toEqual(entries.map((_, index) => index + 1));
      expect((await hubs[0]?.store.read.rollouts.header(application))?.version).toBe(entries.length);
      // Each acknowledged transaction has its own steps, one after the other, and there are no others.
      let to = 0;
      for (const each of own) {
        expect(each.from).toBe(to);
        to = each.to;
        const [event, ...ticks] = entries.slice(each.from, each.to).map((entry) => entry.event);
        // The hub adds to a tick what is frozen.
        if (each.event.type === 'tick') expect(event?.type).toBe('tick');
        else if (event?.type !== 'tick') expect(canonicalJson(event)).toBe(canonicalJson(each.event));
        expect(ticks.every(({ type }) => type === 'tick')).toBe(true);
      }
      expect(to).toBe(entries.length);
    }
  });

  it('come to what one shell in memory comes to that is given the same events in the same order, byte for byte', async () => {
    const dirty = new Set<string>();
    for (const application of APPLICATIONS) {
      const { rollouts } = (hubs[1] as Hub).store.read;
      const { entries } = await logOf((hubs[1] as Hub).store, application);
      const { shell, strange } = inMemory(application, entries);
      expect(strange).toEqual([]);
      expect(canonicalJson(await rollouts.header(application))).toBe(canonicalJson(shell.header));
      const rows = (await rollouts.rows(application, { all: true })).map(({ row }) => row);
      expect(byUid(rows).map(canonicalJson)).toEqual(byUid(shell.rows.values()).map(canonicalJson));

      for (const [id, { rollout, rows: final }] of shell.archive) {
        expect(canonicalJson(await rollouts.rollout(application, rollout.number))).toBe(canonicalJson(rollout));
        const archived = await all((page) => rollouts.targets(application, rollout.number, page));
        expect([id, byUid(archived).map(canonicalJson)]).toEqual([id, byUid(final).map(canonicalJson)]);
      }
      const history = (await all((page) => rollouts.events({ ...page, application }))).reverse();
      expect(history.map(({ seq }) => seq)).toEqual(shell.history.map((_, index) => index + 1));
      expect(history.map(({ id, application: _, seq, at, ...entry }) => canonicalJson(entry))).toEqual(
        shell.history.map(canonicalJson),
      );
      for (const uid of shell.dirty) dirty.add(uid);
    }
    expect(await (hubs[0] as Hub).store.read.outbox.pending()).toBe(dirty.size);
  });

  it('can prove each of their rollouts from the log', async () => {
    const { store } = hubs[0] as Hub;
    for (const { rollout } of await all((page) => store.read.rollouts.list(null, page))) {
      expect(await verifyRollout(store, rollout.id)).toMatchObject({ ok: true, differences: [] });
    }
  });

  it('really were in each other’s way, and really were aborted at every statement', async () => {
    expect(met).toBeGreaterThan(20);
    expect(aborts.fail).toBeGreaterThan(200);
    expect(aborts.cut).toBeGreaterThan(5);
    const seen = new Set(hubs.flatMap(({ proxy }) => [...proxy.seen]));
    const aborted = new Set(hubs.flatMap(({ proxy }) => [...proxy.aborted]));
    const writes = [...seen].filter((words) => !words.startsWith('select'));
    expect(writes.length).toBeGreaterThan(8);
    expect(writes.filter((words) => !aborted.has(words))).toEqual([]);
  });

  it('meanwhile took what people, clusters and time do, through rollouts of every kind of end', async () => {
    const { store } = hubs[0] as Hub;
    const types = new Set<string>();
    for (const application of APPLICATIONS) {
      for (const { event } of (await logOf(store, application)).entries) types.add(event.type);
    }
    // Two hubs take their turns as they come, so which of a person's many commands were met is another set each time.
    expect([...types]).toEqual(expect.arrayContaining(['start', 'tick', 'reports', 'rollback']));
    expect(types.size).toBeGreaterThan(9);
    const rollouts = (await all((page) => store.read.rollouts.list(null, page))).map(({ rollout }) => rollout);
    expect(new Set(rollouts.map(({ state }) => state)).size).toBeGreaterThan(2);
    expect(rollouts.some(({ kind }) => kind === 'rollback')).toBe(true);
    expect(rollouts.filter(({ state }) => state === 'succeeded').length).toBeGreaterThanOrEqual(APPLICATIONS.length);
  });
});
