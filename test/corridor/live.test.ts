import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { CELL_STATES, type CellState, type CreateTokenAnswer, type FleetCells } from '#contract';
import { CommandFleet } from '../helpers/command-fleet.js';
import { LiveStream } from '../helpers/live-stream.js';
import type { TestApi } from '../helpers/test-api.js';
import { eventually } from '../helpers/test-hub.js';

// Each waits for what agents, the bus and the engine do, however long that takes on a busy machine.
jest.setTimeout(120_000);

const place = (state: CellState): number => CELL_STATES.indexOf(state);

/** State by name. */
function statesOf({ names, states }: FleetCells): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, CELL_STATES[states[index] ?? -1] ?? '?']));
}

describe('the fleet live', () => {
  let fleet: CommandFleet;
  let api: TestApi;
  const apis: TestApi[] = [];
  let happened = 0;

  beforeAll(async () => {
    fleet = await CommandFleet.start({
      'blue-1': { team: 'blue', region: 'north' },
      'blue-2': { team: 'blue' },
      'red-1': { team: 'red', region: 'south' },
    });
    ({ api } = fleet);
    await fleet.application('web', [{ name: 'all' }]);
    await fleet.application('other', [{ name: 'all' }]);
  }, 180_000);
  afterAll(async () => {
    for (const each of apis) each.close();
    await fleet?.close();
  }, 60_000);

  const cells = (as: TestApi = api, query = ''): Promise<FleetCells> => as.get(`/api/v1/fleet/cells${query}`);

  async function viewer(scope: object): Promise<TestApi> {
    const name = `viewer-${apis.length}`;
    const { token } = await api.post<CreateTokenAnswer>('/api/v1/tokens', { name, role: 'viewer', ...scope });
    const as = api.as(token);
    apis.push(as);
    return as;
  }

  async function settled(): Promise<FleetCells> {
    return eventually('all are healthy', cells, ({ states }) => states.every((state) => state === place('healthy')));
  }

  /** Events that nobody has to have a reason for, as another hub would write them. */
  async function happen(
    count: number,
    { cluster, size = 10 }: { cluster?: string; size?: number } = {},
  ): Promise<void> {
    const client = new pg.Client({ connectionString: fleet.hub.databaseUrl });
    await client.connect();
    try {
      await client.query(
        `insert into rollout_events (application, seq, at, event, message, cluster)
         select 'web', 1000000 + $2 + n, 1, 'test', repeat('x', $3), (select uid from clusters where name = $4)
         from generate_series(1, $1) n`,
        [count, happened, size, cluster ?? ''],
      );
      happened += count;
      await client.query(`select pg_notify('flotilla_signals', 'another-hub event')`);
    } finally {
      await client.end();
    }
  }

  const hold = (name: string): Promise<unknown> => api.post(`/api/v1/clusters/${name}/hold`, { reason: 'looked at' });
  const unhold = (name: string): Promise<unknown> => api.post(`/api/v1/clusters/${name}/unhold`, {});

  it('is answered in columns, with every label and fact', async () => {
    const answer = await settled();
    expect(answer).toMatchObject({
      names: ['blue-1', 'blue-2', 'red-1'],
      labels: {
        region: { values: ['north', 'south'], of: [0, -1, 1] },
        team: { values: ['blue', 'red'], of: [0, 0, 1] },
      },
      facts: { 'kubernetes.version': { values: ['v1.36.3'], of: [0, 0, 0] } },
    });
    expect(answer.runs).toBeUndefined();
    expect(answer.id).toMatch(/^\d+\.\d+$/);
    expect(await cells(api, '?application=web')).toMatchObject({
      application: 'web',
      runs: [1, 1, 1],
      told: [1, 1, 1],
    });
    expect(await cells(api, '?application=nothing')).toMatchObject({
      ...{ states: [place('none'), place('none'), place('none')], runs: [0, 0, 0], told: [0, 0, 0] },
    });
    expect((await api.raw('GET', '/api/v1/fleet/cells?application=No%20Name')).status).toBe(400);
  });

  it('tells what changes, of a cluster and of its applications, until it is as it was', async () => {
    const { id } = await settled();
    const stream = await LiveStream.open(api, `?cells=true&after=${id}`);
    const ofWeb = await LiveStream.open(api, `?cells=true&application=web&after=${id}`);
    try {
      await hold('red-1');
      await stream.until('red-1 is held', () => stream.states.get('red-1') === place('held'));
      await unhold('red-1');
      await stream.until('red-1 is healthy', () => stream.states.get('red-1') === place('healthy'));
      fleet.act(/^blue-1$/, (_application, told) => ({ phase: 'progressing', runs: '', steadyMs: told.healthyForMs }));
      const release = await fleet.release('web');
      await stream.until('blue-1 is at work', () => stream.states.get('blue-1') === place('progressing'));
      await ofWeb.until('blue-2 runs it', () => String(ofWeb.runs.get('blue-2')) === String([release, release]));
      await ofWeb.until('blue-1 does not', () => String(ofWeb.runs.get('blue-1')) === String([0, release]));
      fleet.allHealthy();
      await fleet.pass('blue-1', 'web');
      await stream.until('blue-1 is healthy', () => stream.states.get('blue-1') === place('healthy'));
      await ofWeb.until('blue-1 runs it', () => String(ofWeb.runs.get('blue-1')) === String([release, release]));
      await fleet.ended('web');
      await stream.until('the end is told', () => stream.events.some(({ rollout }) => rollout === 'web-2'));
      expect(stream.resets + ofWeb.resets).toBe(0);
      const ids = stream.events.map((event) => event.id);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    } finally {
      await Promise.all([stream.close(), ofWeb.close()]);
    }
  });

  it('tells what drifts, which is no event', async () => {
    const { id } = await settled();
    const stream = await LiveStream.open(api, `?cells=true&after=${id}`);
    try {
      const given = await fleet.told('red-1', 'web');
      if (!given) throw new Error('red-1 is told nothing');
      const report = (drifted: number): Promise<void> | undefined =>
        fleet.puppets
          .get('red-1')
          ?.report('web', given, { phase: 'healthy', steadyMs: given.healthyForMs, drift: { corrected: 0, drifted } });
      await report(2);
      await stream.until('red-1 has drifted', () => stream.states.get('red-1') === place('drifted'));
      expect(statesOf(await cells())).toMatchObject({ 'red-1': 'drifted', 'blue-1': 'healthy' });
      await report(0);
      await stream.until('red-1 is healthy', () => stream.states.get('red-1') === place('healthy'));
    } finally {
      await stream.close();
    }
  });

  it('goes on from the id where it was left, with what was missed and nothing twice', async () => {
    await settled();
    const first = await LiveStream.open(api, '?cells=true');
    await hold('blue-1');
    await happen(1, { cluster: 'blue-1' });
    await first.until('blue-1 is held', () => first.states.get('blue-1') === place('held') && first.events.length > 0);
    // What belongs to the same act may be in the next batch.
    await sleep(1500);
    const { last } = first;
    const seen = first.events.map(({ id }) => id);
    await first.close();
    await unhold('blue-1');
    await hold('red-1');
    await happen(1, { cluster: 'blue-1' });
    await happen(1, { cluster: 'red-1' });
    for (const [query, headers] of [
      [`?cells=true&after=${last}`, {}],
      // A browser that comes back by itself says both, and what it has heard since is right.
      ['?cells=true&after=0.0', { 'last-event-id': last }],
    ] as const) {
      const again = await LiveStream.open(api, query, headers);
      try {
        await again.until('both are told', () => again.states.size === 2 && again.events.length === 2);
        expect(Object.fromEntries(again.states)).toEqual({ 'blue-1': place('healthy'), 'red-1': place('held') });
        expect(again.events.filter(({ id }) => seen.includes(id))).toEqual([]);
        expect(new Set(again.events.map(({ cluster }) => cluster))).toEqual(new Set(['blue-1', 'red-1']));
        expect(again.resets).toBe(0);
      } finally {
        await again.close();
      }
    }
    await unhold('red-1');
  });

  it('shows to each what the scopes hold, and of nothing else that it changes', async () => {
    await settled();
    const blue = await viewer({ scope: { clusters: { matchLabels: { team: 'blue' } } } });
    const other = await viewer({ scope: { applications: ['other'] } });
    expect(await cells(blue)).toMatchObject({ names: ['blue-1', 'blue-2'], labels: { team: { values: ['blue'] } } });
    expect((await cells(blue)).labels['region']).toEqual({ values: ['north'], of: [0, -1] });
    const [ofBlue, ofOther, ofWeb] = await Promise.all([
      LiveStream.open(blue, '?cells=true'),
      LiveStream.open(other, '?cells=true'),
      LiveStream.open(other, '?cells=true&application=web'),
    ]);
    try {
      const given = await fleet.told('blue-1', 'web');
      if (!given) throw new Error('blue-1 is told nothing');
      const drift = { corrected: 0, drifted: 1 };
      await fleet.puppets.get('blue-1')?.report('web', given, { phase: 'healthy', steadyMs: 0, drift });
      await ofBlue.until('blue-1 has drifted', () => ofBlue.states.get('blue-1') === place('drifted'));
      // Whoever does not see the application sees the cluster, and nothing of this.
      expect(statesOf(await cells(other))).toMatchObject({ 'blue-1': 'healthy' });
      expect(await cells(other, '?application=web')).toMatchObject({ told: [0, 0, 0], runs: [0, 0, 0] });
      await api.patch('/api/v1/clusters/red-1', { labels: { team: 'red', region: 'west' } });
      await ofOther.until('it is to read all again', () => ofOther.resets === 1);
      await hold('red-1');
      await ofOther.until('red-1 is held', () => ofOther.states.get('red-1') === place('held'));
      expect(ofOther.states.has('blue-1')).toBe(false);
      expect(ofWeb.states.has('blue-1')).toBe(false);
      await fleet.puppets.get('blue-1')?.report('web', given, { phase: 'healthy', steadyMs: 0 });
      await ofBlue.until('blue-1 is healthy', () => ofBlue.states.get('blue-1') === place('healthy'));
      expect(ofBlue.resets).toBe(0);
      expect(JSON.stringify(ofBlue.messages)).not.toContain('red');
      expect(JSON.stringify(ofOther.messages)).not.toContain('web');
    } finally {
      await Promise.all([ofBlue.close(), ofOther.close(), ofWeb.close()]);
      await unhold('red-1');
    }
  });

  it('has everything read again where clusters come, go or get other labels', async () => {
    const stream = await LiveStream.open(api, '?cells=true');
    try {
      await api.post('/api/v1/clusters', { name: 'new-1', labels: { team: 'new' } });
      await stream.until('a reset', () => stream.resets === 1);
      const { id, ...answer } = await cells();
      expect(statesOf({ id, ...answer })).toMatchObject({ 'new-1': 'waiting' });
      // With what was read after it, nothing is to be read again.
      const next = await LiveStream.open(api, `?cells=true&after=${id}`);
      await api.patch('/api/v1/clusters/new-1', { labels: { team: 'newer' } });
      await next.until('a reset', () => next.resets === 1);
      await api.delete('/api/v1/clusters/new-1?workloads=leave');
      await stream.until('one more for each', () => stream.resets === 3);
      expect(next.batches[0]).toEqual({ events: [] });
      await next.close();
    } finally {
      await stream.close();
    }
  });

  it('has everything read again by whoever missed more than is told', async () => {
    const { id } = await cells();
    await happen(500);
    const all = await LiveStream.open(api, `?after=${id}`);
    await all.until('all of them', () => all.events.length >= 500);
    expect(all.resets).toBe(0);
    await all.close();
    await happen(1);
    const lost = await LiveStream.open(api, `?after=${id}`);
    expect(lost.batches[0]).toEqual({ events: [], reset: true });
    await happen(1, { cluster: 'blue-2' });
    await lost.until('it goes on', () => lost.events.some(({ cluster }) => cluster === 'blue-2'));
    expect(lost.events).toHaveLength(1);
    await lost.close();
    for (const nonsense of ['1', 'x.y', '99999999999.1', '-1.2', '1.2.3']) {
      const odd = await LiveStream.open(api, `?after=${nonsense}`);
      expect(odd.batches[0]).toEqual({ events: [], reset: true });
      await odd.close();
    }
  });

  it('keeps no more for whoever does not read than it would send at once', async () => {
    const slow = api.slowStream('/api/v1/live?cells=true');
    let added = 0;
    try {
      await slow.opened;
      // Far more than a connection's own buffers hold.
      for (let turn = 0; turn < 30; turn += 1) {
        await happen(400, { size: 4000 });
        added += 400;
        await sleep(600);
      }
      slow.read();
      await eventually(
        'a reset',
        () => Promise.resolve(slow.text()),
        (text) => text.includes('"reset":true'),
        60_000,
      );
      const { length } = slow.text().match(/"event":"test"/g) ?? [];
      expect(length).toBeGreaterThan(0);
      expect(length).toBeLessThan(added);
      // What comes after it is told as ever.
      await happen(1, { cluster: 'blue-2' });
      await eventually(
        'it goes on',
        () => Promise.resolve(slow.text()),
        (text) => text.includes('"cluster":"blue-2"'),
        60_000,
      );
    } finally {
      slow.close();
    }
  });

  it('ends for whoever may follow no more, and counts among the streams of a caller', async () => {
    const { token } = await api.post<CreateTokenAnswer>('/api/v1/tokens', { name: 'leaver', role: 'viewer' });
    const as = api.as(token);
    apis.push(as);
    const streams = await Promise.all(Array.from({ length: 20 }, () => LiveStream.open(as)));
    for (const route of ['/api/v1/live', '/api/v1/events/stream']) {
      expect(await as.raw('GET', route)).toMatchObject({ status: 429 });
    }
    await api.delete('/api/v1/tokens/leaver');
    await eventually(
      'all have ended',
      () => Promise.resolve(streams.filter(({ hasEnded }) => !hasEnded).length),
      (open) => open === 0,
      60_000,
    );
    await Promise.all(streams.map((stream) => stream.close()));
    expect((await as.raw('GET', '/api/v1/live')).status).toBe(401);
    expect((await api.as('').raw('GET', '/api/v1/live')).status).toBe(401);
  });

  it('shows who is not heard any more, which is no event either', async () => {
    await settled();
    const stream = await LiveStream.open(api, '?cells=true');
    try {
      await fleet.puppets.get('blue-2')?.close();
      await stream.until('blue-2 is offline', () => stream.states.get('blue-2') === place('offline'));
      expect(statesOf(await cells())).toMatchObject({ 'blue-1': 'healthy', 'blue-2': 'offline' });
    } finally {
      await stream.close();
    }
  });

  it('goes on after the hub was started again: events from where they were, cells anew', async () => {
    await sleep(500);
    const { id } = await cells();
    await hold('red-1');
    await happen(1, { cluster: 'red-1' });
    await fleet.hub.restart();
    ({ api } = fleet);
    const stream = await LiveStream.open(api, `?after=${id}`);
    const withCells = await LiveStream.open(api, `?cells=true&after=${id}`);
    try {
      await stream.until('what was missed', () => stream.events.some(({ cluster }) => cluster === 'red-1'));
      expect(stream.resets).toBe(0);
      await withCells.until('a reset', () => withCells.resets === 1);
      expect(statesOf(await cells())).toMatchObject({ 'red-1': 'held', 'blue-2': 'offline' });
    } finally {
      await Promise.all([stream.close(), withCells.close()]);
    }
  });
});
