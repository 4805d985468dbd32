import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from '@jest/globals';
import { diffAnswerSchema, treeAnswerSchema } from '#contract';
import type { JsonObject } from '#domain';
import { openSimulated } from './open-simulated.js';
import { Rig } from './rig.js';
import { configMap } from './samples.js';

const MiB = 1024 * 1024;

it('answers over 5,000 objects, and keeps nothing of that in memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = async (): Promise<number> => {
    for (let turn = 0; turn < 3; turn += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const rig = await Rig.open(await openSimulated());
  try {
    await rig.start();
    const filler = 'x'.repeat(1_000);
    const objects: JsonObject[] = Array.from({ length: 5_000 }, (_, at) =>
      configMap(`c${at}`, { filler, at: `${at}` }),
    );
    await rig.healthy(await rig.assign(objects, { drift: 'report' }), 120_000);
    for (let at = 0; at < 5_000; at += 10) {
      await rig.edit(`/api/v1/namespaces/shop/configmaps/c${at}`, { data: { at: 'changed' } });
    }
    const rounds: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const tree = treeAnswerSchema.parse(await rig.hub.ask('tree', rig.application));
      expect(tree.objects).toHaveLength(5_000);
      const diff = diffAnswerSchema.parse(await rig.hub.ask('diff', rig.application));
      expect(diff.objects.length).toBeGreaterThan(10);
      rig.kube.requests = [];
      rounds.push(await used());
    }
    // The first answer warms up what stays.
    expect((rounds.at(-1) ?? 0) - (rounds[0] ?? 0)).toBeLessThan(8 * MiB);
  } finally {
    await rig.close();
  }
}, 300_000);
