import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PROTOCOL_VERSION } from '#domain';
import { openSimulated } from './open-simulated.js';
import { Rig } from './rig.js';
import { configMap } from './samples.js';

describe('an agent and its hub', () => {
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.open(await openSimulated());
  });

  afterEach(async () => {
    await rig.close();
  });

  const identity = async () => {
    const secret = await rig.get('/api/v1/namespaces/flotilla-system/secrets/flotilla-agent-identity');
    return secret?.['data'] as Record<string, string>;
  };

  it('join once: after a restart the identity in the cluster is enough', async () => {
    await rig.start();
    await rig.stop();
    await rig.start({ hub: { url: 'https://127.0.0.1:1' } });
    expect(rig.hub.joins).toHaveLength(1);
    expect(rig.agent?.state().boot).toBe(2);
  });

  it('join again with the same key when the answer of the first time was lost', async () => {
    // The answer comes, and the agent dies before it can store it.
    const dying = {
      request: async (request: Parameters<typeof rig.kube.request>[0]) => {
        if (request.method === 'PATCH' && request.path.endsWith('flotilla-agent-identity')) throw new Error('killed');
        return await rig.kube.request(request);
      },
      watch: (request: Parameters<typeof rig.kube.watch>[0]) => rig.kube.watch(request),
      close: () => undefined,
    };
    await expect(rig.start({ kube: dying })).rejects.toThrow('killed');
    await rig.start();
    expect(rig.hub.joins).toHaveLength(2);
    expect(new Set(rig.hub.joins.map(({ publicKey }) => publicKey)).size).toBe(1);
  });

  it('refuse each other by one clear sentence when the token is none, spent, or missing', async () => {
    const token = `fj_${'x'.repeat(43)}`;
    await expect(rig.start({ hub: { url: rig.hub.url, token } })).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('unknown or spent'),
    });
    await rig.cluster.kube.request({
      method: 'DELETE',
      path: '/api/v1/namespaces/flotilla-system/secrets/flotilla-agent-identity',
    });
    await expect(rig.start({ hub: { url: rig.hub.url } })).rejects.toMatchObject({ code: 'join-token-missing' });
  });

  it('may be one version of the protocol apart, and no more', async () => {
    rig.hub.protocol = PROTOCOL_VERSION + 2;
    await expect(rig.start()).rejects.toMatchObject({
      code: 'protocol-too-far',
      message: expect.stringContaining('one apart'),
    });
    rig.hub.protocol = PROTOCOL_VERSION + 1;
    await rig.start();
  });

  it('find each other when the hub comes up after the agent', async () => {
    const { url, token } = rig.hub;
    const giveUp = new AbortController();
    const waiting = rig.start({ hub: { url: 'http://127.0.0.1:1', token }, signal: giveUp.signal });
    setTimeout(() => giveUp.abort(), 300);
    await expect(waiting).rejects.toMatchObject({ kind: 'retryable' });
    await rig.start({ hub: { url, token } });
  });

  it('renew an expired credential by proof of the key', async () => {
    rig.hub.credentialSeconds = 1;
    await rig.start();
    const before = (await identity())['joined'];
    await rig.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    rig.hub.credentialSeconds = 3600;
    await rig.start();
    await rig.hub.eventually(
      () => (rig.agent?.state().connected === true ? true : undefined),
      () => 'the agent did not come back',
    );
    expect(rig.hub.renewals).toBe(1);
    expect((await identity())['joined']).not.toBe(before);
    await rig.healthy(await rig.assign([configMap('a')]));
  });

  it('do not let a fetch that is spread after a reconnect hold up a nudge that comes meanwhile', async () => {
    await rig.start({ timing: { reconnectSpreadMs: 600_000 }, random: () => 0.9 });
    await rig.healthy(await rig.assign([configMap('a', { v: '1' })]));
    rig.bus.cutOff(rig.hub.cluster);
    const missed = await rig.assign([configMap('a', { v: '2' })]);
    rig.bus.bringBack(rig.hub.cluster);
    await rig.hub.until('shop', (report) => report.generation === missed.generation && report.phase === 'progressing');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(rig.hub.latest('shop')?.phase).toBe('progressing');
    await rig.healthy(await rig.assign([configMap('a', { v: '3' })]), 3_000);
  });

  it('bring what waited for the bus on its way as soon as it is back', async () => {
    await rig.start({ timing: { retryMs: 60_000, retryMaxMs: 60_000, reconnectSpreadMs: 1 } });
    await rig.healthy(await rig.assign([configMap('a', { v: '1' })]));
    const bundle = await rig.assign([configMap('a', { v: '2' })]);
    await rig.healthy(bundle);
    await rig.hub.bus.deleteBundle(bundle.digest);
    await rig.healthy(await rig.assign([configMap('a', { v: '1' })]));
    // Its bundle is not on the bus, so that the agent waits a minute before it tries again.
    const waiting = { ...rig.hub.manifest().applications['shop'], digest: bundle.digest, generation: 9 };
    await rig.hub.put(
      rig.hub.sign(rig.hub.manifest({ sequence: 20, applications: { shop: waiting as typeof bundle } })),
    );
    await rig.hub.until('shop', (report) => report.generation === 9 && report.phase === 'progressing');
    await new Promise((resolve) => setTimeout(resolve, 100));
    rig.bus.cutOff(rig.hub.cluster);
    await rig.assign([configMap('a', { v: '2' })], { generation: 8 }).catch(() => undefined);
    await rig.hub.put(
      rig.hub.sign(rig.hub.manifest({ sequence: 20, applications: { shop: waiting as typeof bundle } })),
    );
    rig.bus.bringBack(rig.hub.cluster);
    await rig.healthy(waiting as typeof bundle, 3_000);
  });

  it('tell the present state again when a refusal has become the past', async () => {
    await rig.start();
    const good = await rig.assign([configMap('a', { v: '1' })]);
    await rig.healthy(good);
    const held = rig.hub.sign(rig.hub.manifest());
    const stale = rig.hub.manifest({ sequence: 0, applications: { shop: { ...good, generation: 0 } } });
    await rig.hub.put(rig.hub.sign(stale));
    await rig.hub.until('shop', (report) => report.phase === 'refused');
    await rig.hub.put(held);
    const report = await rig.hub.until('shop', (each) => each.phase !== 'refused');
    expect(report).toMatchObject({ phase: 'healthy', generation: good.generation });
  });

  it('keep the seed and the credential out of every line of the log', async () => {
    await rig.start();
    await rig.healthy(await rig.assign([configMap('a')]));
    const values = await identity();
    const seed = Buffer.from(values['seed'] ?? '', 'base64').toString();
    const { credential } = JSON.parse(Buffer.from(values['joined'] ?? '', 'base64').toString()) as {
      credential: string;
    };
    const log = rig.log.join('');
    expect(seed).toMatch(/^SU/);
    for (const secret of [seed, credential, rig.hub.token]) expect(log).not.toContain(secret);
  });

  it('measure a hub by instant agents, which verify and fetch, and apply nothing', async () => {
    await rig.start({ mode: 'instant' });
    const { generation, digest } = await rig.assign([configMap('a')]);
    await rig.healthy({ generation } as Awaited<ReturnType<Rig['assign']>>);
    expect(rig.hub.latest('shop')).toMatchObject({ runs: digest, phase: 'healthy' });
    expect(await rig.get('/api/v1/namespaces/shop/configmaps/a')).toBeNull();
    const wrong = { ...(await rig.assign([configMap('b')])), generation: 9, digest: 'f'.repeat(64) };
    await rig.hub.bus.putBundle(wrong.digest, Buffer.from('no bundle'));
    await rig.hub.put(rig.hub.sign(rig.hub.manifest({ sequence: 9, applications: { shop: wrong } })));
    await rig.hub.until('shop', (report) => report.generation === 9 && report.phase === 'refused');
  });
});
