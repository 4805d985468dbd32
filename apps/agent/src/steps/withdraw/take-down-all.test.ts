import { describe, expect, it } from '@jest/globals';
import type { ManifestApplication } from '#domain';
import { takeDownAll } from './take-down-all.js';

const told = (more: Partial<ManifestApplication> = {}): ManifestApplication => ({
  ...{ release: 1, revision: 'a'.repeat(40), digest: 'd'.repeat(64), chunks: 1, generation: 3, healthyForMs: 0 },
  ...{ maxDeletions: 5, drift: 'correct', namespace: 'shop', health: [], halted: true, ...more },
});
const gone = (generation: number, more: Partial<ManifestApplication> = {}): ManifestApplication => {
  const { health: _1, halted: _2, ...rest } = told({ release: null, revision: '', digest: '', chunks: 0, generation });
  return { ...rest, maxDeletions: 1_000_000, drift: 'off', ...more };
};
const all = (
  applications: Readonly<Record<string, ManifestApplication>>,
  held: Readonly<Record<string, ManifestApplication | null>>,
) => takeDownAll({ applications }, new Map(Object.entries(held)));

describe('what a manifest means that takes everything down', () => {
  it('takes what the hub names as it names it, with the generation that it goes by', () => {
    const named = told({ release: null, digest: '', revision: '', chunks: 0, generation: 4 });
    expect(all({ web: named }, { web: told() })).toEqual({ web: named });
    expect(all({ web: named }, {})).toEqual({ web: named });
  });

  it('takes down what is held and not named, by the account that applied it', () => {
    expect(all({}, { web: told({ serviceAccount: 'deployer' }) })).toEqual({
      web: gone(4, { serviceAccount: 'deployer' }),
    });
    expect(all({}, { lost: null })).toEqual({ lost: gone(1, { namespace: 'default' }) });
  });

  it('brings nothing, whatever is named', () => {
    expect(all({ web: told({ generation: 9 }) }, { web: told() })).toEqual({ web: gone(10) });
    expect(all({ web: told({ generation: 9 }) }, {})).toEqual({ web: gone(9) });
  });

  it('goes on with what is under way, named or not', () => {
    expect(all({}, { web: gone(4) })).toEqual({ web: gone(4) });
    expect(all({ web: gone(4) }, { web: gone(4) })).toEqual({ web: gone(4) });
    expect(all({ web: gone(3) }, { web: gone(4) })).toEqual({ web: gone(4) });
    expect(all({ web: gone(5) }, { web: gone(4) })).toEqual({ web: gone(5) });
  });

  it('raises the generation past both where the hub’s is not newer', () => {
    expect(all({ web: gone(3) }, { web: told() })).toEqual({ web: gone(4) });
  });
});
