import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bytes, joinAgent, text } from '#ports/contract-suites/bus-broker';
import { hostileAgent } from './hostile-agent.attempts.js';
import { BUNDLE, DIGEST, HostileScene } from './hostile-agent.scene.js';

describe('a hostile agent on a real nats-server', () => {
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
  }, 60_000);
  afterAll(async () => {
    await scene?.close();
  }, 30_000);
  beforeEach(async () => {
    await scene.begin();
  });

  it('can do what an agent must, so that the denials below mean something', async () => {
    const { me, attacker } = scene;
    expect((await attacker.request(`fleet.v1.get.${me}`)).string()).toBe('the attacker has this one');
    expect((await attacker.request(`fleet.v1.up.${me}.status.shop`, 'mine')).json()).toMatchObject({
      stream: 'STATUS',
    });
    expect((await attacker.request(`fleet.v1.blob.${DIGEST}.0`)).string()).toBe(BUNDLE);
    expect((await attacker.request(`fleet.v1.rpc.${me}.renew`)).string()).toBe(`a credential for ${me}`);
    expect(scene.complaints).toEqual([]);
    await scene.bystanderIsServed();
    await scene.unharmed();
  });

  it.each(hostileAgent.attempts.map((attempt) => [attempt.name, attempt] as const))(
    'is stopped: %s',
    async (_name, attempt) => {
      await attempt.run(scene);
      await scene.unharmed();
    },
    120_000,
  );

  it('left the victim able to report', async () => {
    const { broker, hub, victim } = scene;
    const { bus } = await joinAgent(broker, hub, victim);
    const seen = await scene.reportsDuring(
      () => bus.publishStatus('shop', bytes('the next report')),
      (reports) => reports.some(({ cluster, body }) => cluster === victim && text(body) === 'the next report'),
    );
    expect(seen.filter(({ cluster }) => cluster === victim).map(({ application }) => application)).toContain('shop');
  });
});
