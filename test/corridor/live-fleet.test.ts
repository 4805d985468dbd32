import { brotliDecompressSync } from 'node:zlib';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { CELL_STATES, type CreateTokenAnswer, type FleetCells } from '#contract';
import { BIG_FLEET_ENV, growBigFleet, type BigFleet } from '../helpers/big-fleet.js';
import { LiveStream } from '../helpers/live-stream.js';
import { startTestHub, type TestHub } from '../helpers/test-hub.js';

jest.setTimeout(120_000);

const CLUSTERS = 10_000;

function countsOf({ states }: Pick<FleetCells, 'states'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const state of states) {
    const name = CELL_STATES[state] ?? '?';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe('a fleet of ten thousand clusters, live', () => {
  let test: TestHub;
  let fleet: BigFleet;

  beforeAll(async () => {
    test = await startTestHub({ ...BIG_FLEET_ENV });
    fleet = await growBigFleet(test.databaseUrl, { clusters: CLUSTERS });
  }, 180_000);
  afterAll(async () => {
    await fleet?.close();
    await test?.stop();
  }, 60_000);

  it('is answered at once, with the state that each cluster is in', async () => {
    const answer = await test.api.get<FleetCells>('/api/v1/fleet/cells');
    expect(answer.names).toHaveLength(CLUSTERS);
    expect(answer.names).toEqual([...answer.names].sort());
    const wanted = Object.entries(fleet.states).filter(([, count]) => count > 0);
    expect(countsOf(answer)).toEqual(Object.fromEntries(wanted));
    const byName = new Map(fleet.clusters.map((cluster) => [cluster.name, cluster]));
    for (const [key, { values, of }] of Object.entries(answer.labels)) {
      expect(of).toHaveLength(CLUSTERS);
      const told = answer.names.map((_name, index) => values[of[index] ?? -1]);
      expect(told).toEqual(answer.names.map((name) => byName.get(name)?.labels[key]));
    }
    const ofShop = await test.api.get<FleetCells>('/api/v1/fleet/cells?application=shop');
    expect(ofShop.told?.filter((release) => release > 0).length).toBeGreaterThan(300);
    expect(new Set(ofShop.told)).not.toEqual(new Set([0]));
  });

  it('takes a quarter of a megabyte on the wire at most', async () => {
    const { token } = await test.api.post<CreateTokenAnswer>('/api/v1/tokens', { name: 'browser', role: 'admin' });
    const { status, encoding, vary, bytes } = await compressed(test, token, '/api/v1/fleet/cells');
    expect({ status, encoding }).toEqual({ status: 200, encoding: 'br' });
    expect(vary).toMatch(/accept-encoding/i);
    expect(bytes.length).toBeLessThan(256 * 1024);
    expect((JSON.parse(brotliDecompressSync(bytes).toString('utf8')) as FleetCells).names).toHaveLength(CLUSTERS);
    // What bears a secret, or may, is never compressed.
    for (const route of ['/api/v1/tokens', '/api/v1/sessions', '/api/v1/audit']) {
      expect((await compressed(test, token, route)).encoding).toBeUndefined();
    }
  });

  it('tells the change of five hundred cells together, and to each what the scopes hold of them', async () => {
    const region = fleet.clusters[0]?.labels['region'] ?? '';
    const { token } = await test.api.post<CreateTokenAnswer>('/api/v1/tokens', {
      ...{ name: 'regional', role: 'viewer', scope: { clusters: { matchLabels: { region } } } },
    });
    const api = test.api.as(token);
    const client = new pg.Client({ connectionString: test.databaseUrl });
    await client.connect();
    const streams = [await LiveStream.open(test.api, '?cells=true'), await LiveStream.open(api, '?cells=true')];
    const [everything, regional] = streams as [LiveStream, LiveStream];
    try {
      const own = await api.get<FleetCells>('/api/v1/fleet/cells');
      const inRegion = fleet.clusters.filter(({ labels }) => labels['region'] === region);
      expect(own.names).toEqual(inRegion.map(({ name }) => name).sort());
      const chosen = fleet.clusters.filter(({ fate }) => fate === 'healthy').slice(0, 500);
      await client.query('update clusters set online = false where uid = any($1)', [chosen.map(({ uid }) => uid)]);
      await everything.until('all of them', () => everything.states.size === 500);
      const held = chosen.filter(({ labels }) => labels['region'] === region);
      await regional.until('those in scope', () => regional.states.size === held.length);
      expect([...regional.states.keys()].sort()).toEqual(held.map(({ name }) => name).sort());
      expect(new Set(everything.states.values())).toEqual(new Set([CELL_STATES.indexOf('offline')]));
      expect(everything.batches.filter(({ cells }) => cells)).toHaveLength(1);
    } finally {
      await Promise.all(streams.map((stream) => stream.close()));
      await client.end();
      api.close();
    }
  });
});

/** As a browser asks. */
function compressed(
  { hub }: TestHub,
  token: string,
  route: string,
): Promise<{ status: number; encoding: string | undefined; vary: string; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip, deflate, br, zstd' };
    const request = https.get(new URL(route, hub.url), { ca: hub.caPem ?? [], headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          encoding: response.headers['content-encoding'],
          vary: String(response.headers['vary']),
          bytes: Buffer.concat(parts),
        }),
      );
    });
    request.once('error', reject);
  });
}
