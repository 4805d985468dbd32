import { describe, expect, it } from '@jest/globals';
import { DEFAULT_STRATEGY } from '#domain';
import { createFakeStore } from '#store';
import { Blocked, readSpec, readStrategy } from './inputs.js';

describe('the strategy of an application', () => {
  const read = async (name: string, spec?: object) => {
    const store = createFakeStore();
    if (spec) await store.read.resources.put('Strategy', name, JSON.parse(JSON.stringify(spec)) as never, 0);
    return readStrategy(store.read, { strategy: name });
  };

  it('is the shipped one where nobody declared another under its name', async () => {
    expect(await read('default')).toEqual(DEFAULT_STRATEGY);
    expect((await read('default', { waves: [{ name: 'all' }] })).waves).toHaveLength(1);
  });

  it('is told as missing, with what to do', async () => {
    await expect(read('careful')).rejects.toThrow(/Strategy "careful" does not exist: apply it/);
  });

  it('that an older hub let through is told with its field, and stops nothing else', async () => {
    const failed = read('careful', { waves: [{ name: 'all', soak: '400d' }] });
    await expect(failed).rejects.toThrow(/not valid any more \(spec\.waves\[0\]\.soak: must be at most 30d\)/);
    await expect(failed).rejects.toBeInstanceOf(Blocked);
  });
});

describe('the spec of an application', () => {
  it('that an older hub let through is told with its field, and stops nothing else', () => {
    const spec = { source: 's', path: '.', health: [{ kind: 'apps/Deployment', healthy: 'true' }] };
    const read = (): unknown => readSpec({ name: 'web', spec });
    expect(read).toThrow(Blocked);
    expect(read).toThrow(
      /Application "web" is not valid any more \(spec\.health\[0\]\.kind: must be a custom resource/,
    );
  });
});
