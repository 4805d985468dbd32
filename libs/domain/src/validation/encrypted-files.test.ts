import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import { carriedFiles, carryFiles, sealOf } from './encrypted-files.js';

const object = (name: string, sops: JsonObject): JsonObject => ({ kind: 'ConfigMap', metadata: { name }, sops });
const lines: JsonObject = {
  kind: 'Secret',
  metadata: { name: 'lines' },
  data: { sops_mac: Buffer.from('seal-2').toString('base64') },
};

describe('encrypted files', () => {
  it('are known by the code over all their values, of an object and of lines', () => {
    expect([object('a', { mac: 'seal-1' }), lines, object('b', {}), { kind: 'Secret' }].map(sealOf)).toEqual([
      'seal-1',
      'seal-2',
      null,
      null,
    ]);
    expect(sealOf({ kind: 'ConfigMap', data: { sops_mac: 'c2VhbA==' } })).toBeNull();
  });

  it('come with the first object of theirs, and are found again', () => {
    const files = new Map([
      ['seal-1', 'one'],
      ['seal-2', 'two'],
      ['seal-3', 'three'],
    ]);
    const plain = { kind: 'ConfigMap', metadata: { name: 'plain' } };
    const objects = [plain, object('a', { mac: 'seal-1', version: '3' }), object('b', { mac: 'seal-1' }), lines];
    const carried = carryFiles(objects, files);
    expect(carried).toEqual([
      plain,
      object('a', { mac: 'seal-1', version: '3', file: 'one' }),
      object('b', { mac: 'seal-1' }),
      { ...lines, sops: { file: 'two' } },
    ]);
    expect([...carriedFiles(carried)]).toEqual([
      ['seal-1', 'one'],
      ['seal-2', 'two'],
    ]);
  });

  it('are none that somebody wrote beside an object', () => {
    const forged = [object('a', { mac: 'seal-1', file: 'mine' }), { ...lines, sops: { file: 'mine' } }];
    expect([...carriedFiles(carryFiles(forged, new Map()))]).toEqual([]);
    expect([...carriedFiles(carryFiles(forged, new Map([['seal-1', 'git']])))]).toEqual([['seal-1', 'git']]);
  });
});
