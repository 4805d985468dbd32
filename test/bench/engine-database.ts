import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { AgentReport, StrategySpec } from '#domain';
import { createLogger, createMetrics } from '#kit';
import { systemClock, type HubBus, type StatusMessage, type Store } from '#ports';
import { migrate, openStore, startEmbeddedPostgres } from '#store';
import { Stepper } from '../../apps/hub/src/steps/advance/stepper.js';
import { CollectReports } from '../../apps/hub/src/steps/collect/collect-reports.js';
import { Verdicts } from '../../apps/hub/src/steps/collect/verdicts.js';
import { StepTimer } from '../../apps/hub/src/steps/step-timer.js';
import { APPLICATION, members, oneWave, startOf } from './engine-fleet.js';
import { say, stopwatch, type Took } from './machine.js';
import { cpuSeconds } from './process-figures.js';
import { percentile, round } from './percentile.js';

const CLUSTERS = 10_000;
/** What the hub's consumer hands over at once under load. */
const BATCH = 500;

/** The bus as the hub's collecting step sees it: whatever is put in is a batch that came. */
class HandedOver {
  batch: (messages: readonly StatusMessage[]) => Promise<void> = () => Promise.resolve();

  readonly bus = {
    consumeStatus: (handle: (messages: readonly StatusMessage[]) => Promise<void>) => {
      this.batch = handle;
      return Promise.resolve({ stop: () => Promise.resolve() });
    },
    nudge: () => undefined,
  } as unknown as HubBus;
}

/** The hub's own classes from the bus to the tables, on a database of their own that waits for the disk. */
async function openHub(store: Store): Promise<{ stepper: Stepper; handedOver: HandedOver }> {
  const handedOver = new HandedOver();
  const stepper = new Stepper(store, handedOver.bus, systemClock);
  const verdicts = new Verdicts(systemClock, stepper);
  const log = createLogger({ level: 'error' });
  const collect = new CollectReports(store, handedOver.bus, log, verdicts);
  Object.assign(collect, { timer: new StepTimer(createMetrics({ processMetrics: false })) });
  await collect.start();
  return { stepper, handedOver };
}

async function joinAll(store: Store): Promise<void> {
  const now = systemClock.now();
  const fleet = members(CLUSTERS, 1);
  for (let from = 0; from < fleet.length; from += BATCH) {
    const some = fleet.slice(from, from + BATCH);
    await store.transact(async (unit) => {
      for (const { uid, name, labels } of some) {
        await unit.clusters.register({ uid, name, labels, now });
        await unit.clusters.markJoined(uid, { publicKey: `U${uid}`, version: '0.1.0', protocol: 1, now });
      }
      await unit.clusters.seen(
        some.map(({ uid }) => ({ uid, sequence: 1, version: '0.1.0', protocol: 1 })),
        now,
      );
    });
  }
}

/** Starts a rollout and ticks until nothing more is due now. */
async function begin(store: Store, stepper: Stepper, release: number, strategy: StrategySpec): Promise<Took> {
  const end = stopwatch();
  await stepper.take(APPLICATION, startOf(CLUSTERS, release, strategy));
  for (;;) {
    const header = await store.read.rollouts.header(APPLICATION);
    if (header?.wakeAt === undefined || header.wakeAt === null || header.wakeAt > systemClock.now()) return end();
    await stepper.take(APPLICATION, { type: 'tick' });
  }
}

type Phase = 'working' | 'up' | 'steady';

/** What each of these agents says of the assignment that it has by now, as it comes over the wire. */
async function reportsOf(store: Store, uids: readonly string[], phase: Phase, seq: number): Promise<AgentReport[]> {
  const rows = await store.read.rollouts.rows(APPLICATION, { uids });
  return rows.map(({ row: { uid, assignment } }) => ({
    ...{ protocol: 1, cluster: uid, application: APPLICATION, boot: 1, seq, objects: 12 },
    generation: assignment?.generation ?? 0,
    digest: assignment?.digest ?? '',
    runs: assignment?.digest ?? '',
    phase: phase === 'working' ? 'progressing' : 'healthy',
    ...(phase === 'working' && { message: 'Deployment shop/web: 1 of 3 replicas are available' }),
    steadyMs: phase === 'steady' ? (assignment?.healthyForMs ?? 0) : 0,
    breaks: 0,
    findings: [],
  }));
}

const toMessage = (report: AgentReport): StatusMessage => ({
  cluster: report.cluster,
  application: report.application,
  body: Buffer.from(JSON.stringify(report)),
});

/** The yardstick: the same rows in one plain statement, into a table without an index, with the same wait for the disk. */
async function plainInsert(pool: pg.Pool, reports: readonly AgentReport[]): Promise<void> {
  await pool.query(
    `insert into plain_reports select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])`,
    [
      reports.map((report) => report.application),
      reports.map((report) => report.cluster),
      reports.map((report) => report.boot),
      reports.map((report) => report.seq),
      reports.map(() => systemClock.now()),
      reports.map((report) => JSON.stringify(report)),
    ],
  );
}

/** Who has an assignment that nothing was said of yet, in their order. */
async function assigned(store: Store, release: number): Promise<string[]> {
  const uids: string[] = [];
  for (let after: string | undefined; ;) {
    const query = { state: 'assigned', limit: 1000, ...(after !== undefined && { after }) };
    const { items, next } = await store.read.rollouts.targets(APPLICATION, release, query);
    uids.push(...items.map(({ uid }) => uid));
    if (next === undefined) return uids;
    after = next;
  }
}

interface Setting {
  readonly store: Store;
  readonly stepper: Stepper;
  readonly handedOver: HandedOver;
  readonly pool: pg.Pool;
  readonly database: number;
}

/** One rollout in one wave: whoever is assigned reports, batch by batch, with the plain insert of the same rows after each. */
async function rollOut(setting: Setting, release: number, maxConcurrency: `${number}%`): Promise<object> {
  const { store, stepper, handedOver, pool, database } = setting;
  const started = await begin(store, stepper, release, oneWave({ maxConcurrency, maxFailures: 0 }));
  say(`release ${release} started in ${round(started.ms)} ms`);
  const batchesMs: number[] = [];
  let [reports, plainMs, hubCpuMs, databaseSeconds] = [0, 0, 0, 0];
  const phases: readonly Phase[] = ['working', 'up', 'steady'];
  for (let uids = await assigned(store, release); uids.length > 0; uids = await assigned(store, release)) {
    for (const [index, phase] of phases.entries()) {
      for (let from = 0; from < uids.length; from += BATCH) {
        const said = await reportsOf(store, uids.slice(from, from + BATCH), phase, 10 * release + index);
        const messages = said.map(toMessage);
        reports += messages.length;
        const before = cpuSeconds(database, true);
        let end = stopwatch();
        await handedOver.batch(messages);
        const took = end();
        batchesMs.push(took.ms);
        hubCpuMs += took.cpuMs;
        databaseSeconds += cpuSeconds(database, true) - before;
        end = stopwatch();
        await plainInsert(pool, said);
        plainMs += end().ms;
      }
    }
  }
  const { rollout } = (await store.read.rollouts.header(APPLICATION)) ?? {};
  if (rollout?.state !== 'succeeded') throw new Error(`the rollout ended ${rollout?.state}`);
  const engineMs = batchesMs.reduce((sum, ms) => sum + ms, 0);
  return {
    reports,
    reportsPerSecond: round((reports * 1000) / engineMs),
    batchP50Ms: round(percentile(batchesMs, 50)),
    batchP99Ms: round(percentile(batchesMs, 99)),
    plainInsertsPerSecond: round((reports * 1000) / plainMs),
    ratioToPlainInsert: round(engineMs / plainMs, 1),
    hubCpuUsPerReport: round((hubCpuMs * 1000) / reports),
    databaseCpuUsPerReport: round((databaseSeconds * 1e6) / reports),
    startMs: round(started.ms),
  };
}

/**
 * Reports per second of 10,000 clusters in one wave into a PostgreSQL that waits for the disk: all of them in flight at once, which
 * is reports alone, and a tenth, where each that passes has another one assigned.
 */
export async function measureDatabase(): Promise<object> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-bench-'));
  const log = createLogger({ level: 'error' });
  const postgres = await startEmbeddedPostgres({ folder, log });
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
  let store: Store | undefined;
  try {
    await migrate({ url: postgres.url });
    store = await openStore({ url: postgres.url, log });
    await pool.query(
      'create table plain_reports (application text, uid text, boot bigint, seq bigint, at bigint, body text)',
    );
    const { stepper, handedOver } = await openHub(store);
    await joinAll(store);
    say(`${CLUSTERS} clusters joined`);
    const setting = { store, stepper, handedOver, pool, database: postgres.pid };
    return {
      clusters: CLUSTERS,
      batch: BATCH,
      allAtOnce: await rollOut(setting, 1, '100%'),
      aTenthAtOnce: await rollOut(setting, 2, '10%'),
    };
  } finally {
    await store?.close();
    await pool.end();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
