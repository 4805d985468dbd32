import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandAnswer, RolloutView, SyncAnswer, Why } from '#contract';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { ApiProblem } from '../helpers/test-api.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

/** Somebody's change tool and Prometheus server, which answer what a case needs. */
class Outside {
  webhook = 503;
  value = 'NaN';
  readonly asked: Record<string, unknown>[] = [];
  queries = 0;
  private readonly server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.method === 'POST') {
        this.asked.push(JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>);
        response.writeHead(this.webhook).end();
        return;
      }
      this.queries += 1;
      const result = [{ metric: {}, value: [1, this.value] }];
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Gates and the deletion breaker on a real hub, bus and database, with a real server outside. */
describe('a wave with gates', () => {
  let test: TestHub;
  let repository: TestRepository;
  const outside = new Outside();
  let base = '';
  let commits = 0;
  const puppets: PuppetAgent[] = [];

  const document = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  const files = (version: number, objects = 12): Record<string, string> => ({
    'overlays/dev/c.yaml': Array.from({ length: objects }, (_, index) =>
      configMap(`c-${index}`, `dev ${index === 0 ? version : 0}`),
    ).join('---\n'),
    'overlays/prod/c.yaml': configMap('settings', `prod ${version}`),
  });
  const strategy = (dev: object): object =>
    document('Strategy', 'gated', {
      waves: ['dev', 'prod'].map((env) => ({
        name: env,
        selector: { matchLabels: { env } },
        maxConcurrency: '100%',
        healthyFor: '0s',
        ...(env === 'dev' && dev),
      })),
    });
  const apply = (...documents: object[]): Promise<unknown> => test.api.post('/api/v1/apply', { documents });
  const release = async (objects?: number): Promise<number> => {
    commits += 1;
    await repository.commit(`change ${commits}`, files(commits, objects));
    const answer = await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    expect(answer.errors).toEqual([]);
    return answer.releases[0]?.release ?? 0;
  };
  const rollout = (): Promise<RolloutView> => test.api.get('/api/v1/rollouts/web');
  const why = (): Promise<Why> => test.api.get('/api/v1/why/rollouts/web');
  const command = (name: string, body: object = {}): Promise<CommandAnswer> =>
    test.api.post(`/api/v1/rollouts/web/${name}`, body);
  const phases = async (): Promise<string[]> => (await rollout()).waves.map(({ phase }) => phase);
  const gateOf = async (): Promise<NonNullable<RolloutView['waves'][number]['gates']>[number] | undefined> =>
    (await rollout()).waves[0]?.gates?.[0];

  beforeAll(async () => {
    base = await outside.listen();
    test = await startTestHub({ FLOTILLA_GATES_ALLOW_LOCAL: 'true' });
    repository = await TestRepository.create(files(0));
    for (const env of ['dev', 'prod']) puppets.push(await PuppetAgent.join(test.api, `${env}-1`, { env }));
    await apply(
      document('Source', 'shop', { url: repository.folder, interval: '1h' }),
      strategy({}),
      document('Application', 'web', { source: 'shop', path: 'overlays/{{ labels.env }}', strategy: 'gated' }),
    );
    await rolloutSettled(test.api, 'web', 1);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.close()));
    await test?.stop();
    await repository?.remove();
    await outside.close();
  }, 30_000);

  beforeEach(() => {
    outside.asked.length = 0;
    outside.queries = 0;
  });

  it('begins only when its webhook says so, and is asked again by a hub that came back', async () => {
    await apply(
      strategy({ before: [{ name: 'change', webhook: { url: `${base}/may?token=hidden`, interval: '1s' } }] }),
    );
    outside.webhook = 503;
    const number = await release();
    await eventually(
      'the webhook was asked twice',
      async () => outside.asked.length,
      (times) => times >= 2,
    );
    const { waves, revision, id } = await rollout();
    expect(outside.asked[0]).toEqual({
      application: 'web',
      rollout: id,
      release: number,
      revision,
      wave: 'dev',
      when: 'before',
      gate: 'change',
      clusters: 1,
    });
    expect(waves.map(({ phase }) => phase)).toEqual(['gateBefore', 'pending']);
    expect((await gateOf())?.last?.message).toMatch(/^127\.0\.0\.1:\d+ answered 503$/);
    expect(JSON.stringify([await why(), await rollout()])).not.toContain('hidden');
    await test.restart(async () => {
      outside.asked.length = 0;
    });
    await eventually(
      'it was asked again',
      async () => outside.asked.length,
      (times) => times >= 1,
    );
    expect(await phases()).toEqual(['gateBefore', 'pending']);
    outside.webhook = 200;
    expect(await rolloutSettled(test.api, 'web', number)).toMatchObject({ state: 'succeeded', paused: false });
  }, 60_000);

  it('is done only when its metric is good so often; no data neither opens nor refuses, and what refuses holds', async () => {
    const metric = { url: base, query: 'errors', successCondition: 'value < 0.01', interval: '1s', count: 2 };
    await apply(strategy({ after: [{ metric }] }));
    outside.value = 'NaN';
    const number = await release();
    await eventually(
      'the metric was asked twice',
      async () => outside.queries,
      (times) => times >= 2,
    );
    expect(await phases()).toEqual(['gateAfter', 'pending']);
    expect(await gateOf()).toMatchObject({ state: 'waiting', last: { message: 'the query answered NaN' } });
    outside.value = '0.5';
    const held = await rolloutSettled(test.api, 'web', number);
    expect(held).toMatchObject({ state: 'running', holds: [{ code: 'gate' }] });
    expect(held.holds[0]?.message).toMatch(/metric.*dev.*0\.5 does not meet value < 0\.01/);
    expect(await phases()).toEqual(['gateAfter', 'pending']);
    outside.value = '0.001';
    await command('resume');
    const ended = await rolloutSettled(test.api, 'web', number);
    expect(ended).toMatchObject({ state: 'succeeded', waves: [{ gates: [{ samples: { ok: 2, failed: 0 } }] }, {}] });
  }, 60_000);

  it('does not ask the machine of the hub unless its configuration lets it', async () => {
    await apply(strategy({ before: [{ webhook: { url: 'http://169.254.169.254/latest', interval: '1s' } }] }));
    const number = await release();
    const gate = await eventually('it was refused', gateOf, (each) => each?.last !== undefined);
    expect(gate?.last?.message).toMatch(/169\.254\.169\.254 is not called/);
    await command('skip', { wave: 'dev', reason: 'the gate is nobody' });
    await rolloutSettled(test.api, 'web', number);
  }, 60_000);

  it('is asked before the first assignment where a release deletes more than it may, and deletes it once that is accepted', async () => {
    await apply(strategy({}));
    const before = await release();
    await rolloutSettled(test.api, 'web', before);
    const number = await release(4);
    const held = await rolloutSettled(test.api, 'web', number);
    expect(held).toMatchObject({
      holds: [{ code: 'deletions', message: expect.stringMatching(/8 of 12 objects.*dev-1.*ConfigMap/) }],
      counts: { pending: 2 },
      drops: [{ dropped: 8, of: 12 }],
    });
    await expect(command('resume')).rejects.toThrow(ApiProblem);
    expect((await puppets[0]?.manifest())?.applications['web']?.release).toBe(before);
    await command('resume', { accept: true });
    expect(await rolloutSettled(test.api, 'web', number)).toMatchObject({ state: 'succeeded' });
    expect((await puppets[0]?.manifest())?.applications['web']).toMatchObject({
      release: number,
      maxDeletions: 1_000_000,
    });
  }, 60_000);

  it('tells the agents of a rollback what they may delete uncounted', async () => {
    const taken = await rollout();
    const more = await release(12);
    await rolloutSettled(test.api, 'web', more);
    const bad = (await puppets[0]?.manifest())?.applications['web'];
    await command('rollback', { reason: 'it was bad' });
    const told = await eventually(
      'the rollback went out',
      async () => (await puppets[0]?.manifest())?.applications['web'],
      (web) => web?.release === taken.release,
    );
    expect(told).toMatchObject({ maxDeletions: 3, exempt: { digest: bad?.digest } });
  }, 60_000);
});
