import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { chromium, type BrowserContext, type CDPSession, type Page } from 'playwright-core';
import type { Store } from '#ports';
import { openStore } from '#store';
import { runStep } from '../../apps/hub/src/steps/advance/run-step.js';
import { say } from './machine.js';
import type { PageBench } from './page.js';
import { percentile, round } from './percentile.js';

/** What issue and design ask of the fleet's page at 10,000 clusters. */
export const PAGE_TARGETS = { wireKB: 600, usableMs: 1500, batchMs: 16 };
const VISITS = 5;
const BATCHES = 10;
const CHANGED = 500;
const APPLICATION = 'platform';
const PATIENCE_MS = 60_000;

const ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** The fleet's page in a real browser: what it costs on the wire, until it can be used, per batch of changes, and in memory. */
export async function measurePage({ hub, databaseUrl }: PageBench): Promise<object> {
  const browser = await chromium.launch({
    executablePath: process.env['FLOTILLA_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [...ARGUMENTS, `--ignore-certificate-errors-spki-list=${await keyOf(hub.access.url)}`],
    timeout: PATIENCE_MS,
  });
  const store = await openStore({ url: databaseUrl });
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(PATIENCE_MS);
    await signIn(context, hub);
    say(`${VISITS} visits with an empty cache, and ${VISITS} with a full one`);
    const [cold, warm] = [await visits(context, hub.access.url, false), await visits(context, hub.access.url, true)];
    say(`${BATCHES} batches of ${CHANGED} changes`);
    const live = await measureBatches(context, hub.access.url, store);
    return { targets: PAGE_TARGETS, cold, warm, ...live };
  } finally {
    await store.close();
    await browser.close();
  }
}

/**
 * SHA-256 of the public key that the hub shows. A browser that is told to overlook the hub's own authority keeps nothing in its cache;
 * one that is told to trust this key does.
 */
async function keyOf(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  const raw = await new Promise<Buffer>((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket.getPeerCertificate().raw));
    socket.once('error', reject);
  });
  socket.destroy();
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

async function signIn(context: BrowserContext, { api }: PageBench['hub']): Promise<void> {
  const { url } = await api.post<{ url: string }>('/api/v1/sessions/link');
  const page = await context.newPage();
  await page.goto(`${url}?return=${encodeURIComponent('/activity')}`);
  await page.waitForURL(/\/activity/);
  await page.close();
}

/** Bytes as they came over the wire, of answers that have ended as of the stream that goes on. */
class Wire {
  private readonly ended = new Map<string, number>();
  private readonly under = new Map<string, number>();
  private readonly names = new Map<string, string>();

  constructor(session: CDPSession) {
    session.on('Network.responseReceived', ({ requestId, response }) => this.names.set(requestId, response.url));
    session.on('Network.dataReceived', ({ requestId, encodedDataLength }) =>
      this.under.set(requestId, (this.under.get(requestId) ?? 0) + encodedDataLength),
    );
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
      this.ended.set(requestId, encodedDataLength),
    );
  }

  get bytes(): number {
    return this.of(() => true);
  }

  of(is: (url: string) => boolean): number {
    let sum = 0;
    for (const [id, bytes] of new Map([...this.under, ...this.ended])) if (is(this.names.get(id) ?? '')) sum += bytes;
    return sum;
  }

  get requests(): number {
    return this.names.size;
  }
}

interface Visit {
  readonly usableMs: number;
  readonly wire: Wire;
  readonly page: Page;
  readonly session: CDPSession;
}

async function visit(context: BrowserContext, url: string, cached: boolean): Promise<Visit> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: !cached });
  const wire = new Wire(session);
  await page.goto(`${url}/fleet`);
  await page.waitForFunction(() => performance.getEntriesByName('fleet-usable').length > 0);
  const usableMs = await page.evaluate(() => performance.getEntriesByName('fleet-usable')[0]?.startTime ?? Number.NaN);
  // What the page asks for besides belongs to its price.
  await page.waitForTimeout(1500);
  return { usableMs, wire, page, session };
}

async function visits(context: BrowserContext, url: string, cached: boolean): Promise<object> {
  const times: number[] = [];
  let last: Wire | null = null;
  for (let index = 0; index < VISITS; index += 1) {
    const { usableMs, wire, page } = await visit(context, url, cached);
    times.push(usableMs);
    last = wire;
    await page.close();
  }
  const kB = (bytes: number | undefined): number => round((bytes ?? 0) / 1000, 1);
  return {
    usableMs: round(percentile(times, 50)),
    worstUsableMs: round(Math.max(...times)),
    wireKB: kB(last?.bytes),
    ofThatCellsKB: kB(last?.of((each) => each.includes('/api/v1/fleet/cells'))),
    ofThatScriptsKB: kB(last?.of((each) => /\.(js|css)$/.test(each))),
    requests: last?.requests,
  };
}

/** Each batch changes the state of so many clusters in one commit; the page hears of it by its stream. */
async function measureBatches(context: BrowserContext, url: string, store: Store): Promise<object> {
  const { page, session } = await visit(context, url, true);
  await session.send('Performance.enable');
  const heapMB = async (): Promise<number> => {
    await session.send('HeapProfiler.collectGarbage');
    return round((await session.send('Runtime.getHeapUsage')).usedSize / 1e6, 1);
  };
  const scriptMs = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? Number.NaN);
  };
  const measured = (): Promise<number[]> =>
    page.evaluate(() => performance.getEntriesByName('fleet-batch').map(({ duration }) => duration));
  const heapAtFirstMB = await heapMB();
  const [frames, scripts]: [number[], number[]] = [[], []];
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const [before, count] = [await scriptMs(), (await measured()).length];
    await change(store, batch);
    await page.waitForFunction((known) => performance.getEntriesByName('fleet-batch').length > known, count);
    // Whatever follows a batch, as new counts and a new table, is a part of it.
    await page.waitForTimeout(800);
    frames.push((await measured()).slice(count).reduce((sum, ms) => sum + ms, 0));
    scripts.push((await scriptMs()) - before);
  }
  const heapAfterBatchesMB = await heapMB();
  await page.close();
  return {
    batchOf: CHANGED,
    batchMs: round(percentile(frames, 50), 1),
    worstBatchMs: round(Math.max(...frames), 1),
    // All scripting from before a batch until long after it, parsing and what the page does besides included.
    allScriptingOfABatchMs: round(percentile(scripts, 50), 1),
    heapMB: heapAtFirstMB,
    heapAfterBatchesMB,
  };
}

/** So many agents say that the application fails; the next time, that it is healthy again. */
async function change(store: Store, batch: number): Promise<void> {
  const phase = batch % 2 === 0 ? 'failed' : 'healthy';
  await store.transact(async (unit) => {
    const rows = await unit.rollouts.rows(APPLICATION, { all: true });
    const reports = rows
      .filter(({ row, online }) => online && row.state === 'passed')
      .slice(0, CHANGED)
      .flatMap(({ row: { uid, assignment } }) => {
        if (assignment === null || assignment.release === null) return [];
        const { generation, digest } = assignment;
        return [{ uid, generation, digest, phase, steadyMs: phase === 'healthy' ? 90_000 : 0, breaks: batch } as const];
      });
    const told = reports.map(({ uid, ...report }) => ({
      ...{ ...report, protocol: 1, cluster: uid, application: APPLICATION, boot: 2, seq: batch + 1 },
      ...{ runs: report.digest, objects: 12, findings: [] },
    }));
    await unit.reports.upsert(told, Date.now());
    await runStep(unit, APPLICATION, { type: 'reports', reports }, Date.now());
  });
}
