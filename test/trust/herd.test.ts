import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FleetView, localAccessSchema } from '#contract';
import { Herd, type Tally } from '../helpers/herd.js';
import { OutsideBroker } from '../helpers/outside-broker.js';
import { SlowReader } from '../helpers/slow-reader.js';
import { TcpGate } from '../helpers/tcp-gate.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const AGENTS = 200;
/** Long, because the machine may be busy: what waits here waits for a condition. */
const WITHIN_MS = 180_000;
const CASE_MS = 300_000;
/** The first attempt of an agent that lost its connection; see defaultReconnectDelayMs. */
const FIRST_WAIT_MS = 2_000;
const BUNDLE_SPREAD_MS = 4_000;
/** Does not compress: a chunk of about 75 KiB. */
const ballast = randomBytes(75_000).toString('base64');

/**
 * Two hundred whole agents on a real nats-server, with the waits of production, which lose their connections all at once; and
 * one of them that asks for much and never reads.
 */
describe('a herd of agents', () => {
  const broker = new OutsideBroker();
  let gate: TcpGate;
  let test: TestHub;
  let repository: TestRepository;
  let herd: Herd;
  let slow: SlowReader;
  let commits = 0;

  beforeAll(async () => {
    test = await startTestHub({}, undefined, {
      prepare: async (folder) => {
        const settings = await broker.start(folder);
        gate = await TcpGate.open(broker.port);
        // A minute of silence is nothing: nobody is given up for lost while the line is down.
        return {
          ...settings,
          FLOTILLA_NATS_PUBLIC_URL: `tls://127.0.0.1:${gate.port}`,
          FLOTILLA_HEARTBEAT: '60s',
        };
      },
    });
    repository = await TestRepository.create({ 'shop/c.yaml': configMap('settings', ballast) });
    slow = await SlowReader.join(test.api, broker.port);
    const access = await readFile(path.join(test.folder, 'data/admin.json'), 'utf8');
    herd = await Herd.start({
      hub: localAccessSchema.parse(JSON.parse(access)),
      clusters: Array.from({ length: AGENTS }, (_, number) => ({ name: `herd-${number}`, labels: { herd: 'yes' } })),
      timing: { reconnectSpreadMs: BUNDLE_SPREAD_MS },
    });
    const wave = { name: 'all', maxConcurrency: '100%', maxFailures: 0, healthyFor: '0s', soak: '0s' };
    const object = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind,
      metadata: { name },
      spec,
    });
    await test.api.post('/api/v1/apply', {
      documents: [
        object('Source', 'shop', { url: repository.folder, interval: '24h' }),
        object('Strategy', 'at-once', { waves: [{ ...wave, ackTimeout: '10m', progressDeadline: '10m' }] }),
        object('Application', 'shop', {
          source: 'shop',
          path: 'shop',
          strategy: 'at-once',
          placement: { selector: { matchLabels: { herd: 'yes' } } },
        }),
      ],
    });
    await isCurrent();
  }, CASE_MS);

  afterAll(async () => {
    slow?.close();
    await herd?.stop();
    await test?.stop();
    await gate?.close();
    await broker.stop();
    await repository?.remove();
  }, CASE_MS);

  /** Every agent is connected, and the hub knows it to be healthy with what it was given last. */
  async function isCurrent(): Promise<void> {
    await rolloutSettled(test.api, 'shop', commits + 1, WITHIN_MS);
    await eventually(
      'the whole herd is connected and healthy',
      async () => ({
        connected: herd.connected,
        healthy: (await test.api.get<FleetView>('/api/v1/fleet')).applications[0]?.health['healthy'],
      }),
      ({ connected, healthy }) => connected === AGENTS && healthy === AGENTS,
      WITHIN_MS,
    );
  }

  async function digestInForce(): Promise<string> {
    const release = await test.hub.store.read.releases.get('shop', commits + 1);
    return Object.values(release?.overlays ?? {})[0]?.digest ?? '';
  }

  const isHeard = (each: Tally): boolean => each.manifests.length > 0 && each.reports.length > 0 && each.heartbeats > 0;

  /** No tenth of the range was chosen by a quarter of all: of 200 fair throws a tenth gets 20, and 50 about never. */
  function areSpread(values: readonly number[], range: number): void {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const value of values) {
      const tenth = Math.min(9, Math.floor((value / range) * 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(values).toHaveLength(AGENTS);
    for (const count of tenths) expect(count).toBeLessThan(AGENTS / 4);
  }

  it(
    'comes back after the bus was killed, one by one, tells all it has, and fetches nothing anew',
    async () => {
      herd.count();
      await broker.kill();
      await eventually(
        'all noticed',
        async () => herd.connected,
        (connected) => connected === 0,
        WITHIN_MS,
      );
      await broker.begin();
      await eventually(
        'all are back',
        async () => herd.tally().filter(isHeard).length,
        (heard) => heard === AGENTS,
        WITHIN_MS,
      );
      await isCurrent();
      const tallies = herd.tally();
      areSpread(
        tallies.map(({ waits }) => waits[0] ?? -1),
        FIRST_WAIT_MS,
      );
      for (const { reconnects, manifests, bundles, reports, heartbeats } of tallies) {
        expect(bundles).toEqual([]);
        // One look and one report at each return; a connection that a busy server drops once more is looked at again.
        expect(manifests.length).toBeLessThanOrEqual(reconnects.length);
        expect(reports.length).toBeLessThanOrEqual(2 * reconnects.length);
        expect(heartbeats).toBeLessThanOrEqual(2 * reconnects.length + 1);
      }
    },
    CASE_MS,
  );

  it(
    'that missed a release while the line was down fetches it once each, and not all in the same moment',
    async () => {
      herd.count();
      gate.shut();
      await eventually(
        'all noticed',
        async () => herd.connected,
        (connected) => connected === 0,
        WITHIN_MS,
      );
      commits += 1;
      await repository.commit('while nobody listens', {
        'shop/c.yaml': configMap('settings', `${ballast} ${commits}`),
      });
      await test.api.post('/api/v1/sources/shop/sync');
      await eventually(
        'every manifest names the new release',
        async () => (await test.api.get<FleetView>('/api/v1/fleet')).applications[0]?.health['healthy'] ?? 0,
        (healthy) => healthy === 0,
        WITHIN_MS,
      );
      gate.reopen();
      await isCurrent();
      const waits = herd.tally().map(({ reconnects, bundles }) => {
        expect(bundles).toHaveLength(1);
        return (bundles[0]?.at ?? 0) - (reconnects[0] ?? 0);
      });
      // Three quarters of fair throws wait so long; a busy machine only ever lengthens a wait.
      expect(waits.filter((wait) => wait > BUNDLE_SPREAD_MS / 4).length).toBeGreaterThan(AGENTS / 2);
    },
    CASE_MS,
  );

  it(
    'is held up by nobody who does not read',
    async () => {
      const digest = (await digestInForce()) ?? '';
      // 150 MB, of which the line holds a few.
      await slow.fill(digest, 2_000);
      herd.count();
      commits += 1;
      await repository.commit('beside a slow reader', {
        'shop/c.yaml': configMap('settings', `${ballast} ${commits}`),
      });
      await test.api.post('/api/v1/sources/shop/sync');
      await isCurrent();
      for (const { bundles } of herd.tally()) expect(bundles).toHaveLength(1);
      await slow.isCutOff(WITHIN_MS);
    },
    CASE_MS,
  );
});
