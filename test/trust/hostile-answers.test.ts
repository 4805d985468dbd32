import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bytes, text } from '#ports/contract-suites/bus-broker';
import { AnsweringScene, hostileAnswers } from './hostile-answers.attempts.js';
import { hostileSchemas, ServingScene } from './hostile-schemas.attempts.js';

describe('asks and a hostile agent on a real nats-server', () => {
  let scene: AnsweringScene;
  let serving: ServingScene;
  beforeAll(async () => {
    scene = await AnsweringScene.open();
    serving = await ServingScene.open(scene);
  }, 60_000);
  afterAll(async () => {
    await scene?.close();
  }, 30_000);
  beforeEach(() => {
    scene.begin();
    serving.begin();
  });

  it('can be asked and can answer, so that the denials below mean something', async () => {
    const id = '1'.repeat(32);
    scene.onAsk = () => scene.part(`fleet.v1.up.${scene.me}.answer.${id}`, '0', '1', gzipSync('the attacker'));
    expect(text(await scene.hub.ask(scene.me, id, bytes('x'), { timeoutMs: 30_000 }))).toBe('the attacker');
    expect(scene.complaints).toEqual([]);
  });

  it.each(hostileAnswers.attempts.map((attempt) => [attempt.name, attempt] as const))(
    'is stopped: %s',
    async (_name, attempt) => {
      await attempt.run(scene);
    },
    90_000,
  );

  it.each(hostileSchemas.attempts.map((attempt) => [attempt.name, attempt] as const))(
    'is stopped: %s',
    async (_name, attempt) => {
      await attempt.run(serving);
    },
    90_000,
  );
});
