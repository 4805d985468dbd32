import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { findEncryptedFiles, lostFiles } from './encrypted-files.js';

const seal = (name: string): string => `ENC[AES256_GCM,data:${name},iv:AA==,tag:AA==,type:str]`;
const text = (name: string): string => `a: ${seal('a')}\nsops:\n  mac: ${seal(name)}\n`;
const object = (name: string): JsonObject => ({ kind: 'ConfigMap', sops: { mac: seal(name) } });
const lines = (name: string): JsonObject => ({
  kind: 'Secret',
  data: { sops_mac: Buffer.from(seal(name)).toString('base64') },
});

describe('encrypted files of what was rendered', () => {
  let root: string;
  let other: string;

  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'flotilla-sealed-'));
    other = await mkdtemp(path.join(tmpdir(), 'flotilla-sealed-'));
    await mkdir(path.join(root, 'base/deep'), { recursive: true });
    await writeFile(path.join(root, 'base/deep/one.yaml'), text('one'));
    await writeFile(path.join(root, 'unread.yaml'), text('unread'));
    await writeFile(path.join(root, 'base/large.yaml'), `${text('large')}${'#'.repeat(1024 * 1024)}`);
    await writeFile(path.join(root, 'base/bytes'), Buffer.from([0xff, 0xfe]));
    await writeFile(path.join(other, 'app.env'), `A=1\nsops_mac=${seal('lines')}\nB=${seal('b')}\n`);
    await symlink(path.join(root, 'unread.yaml'), path.join(root, 'base/link.yaml'));
  });
  afterAll(async () => {
    await rm(root, { recursive: true });
    await rm(other, { recursive: true });
  });

  it('are found in what was read of every commit, in folders and by name', async () => {
    const places = [
      { root, paths: ['base', 'nothing'] },
      { root: other, paths: ['app.env'] },
    ];
    const found = await findEncryptedFiles([object('one'), lines('lines'), object('none'), { kind: 'Pod' }], places);
    expect([...found.keys()]).toEqual([seal('one'), seal('lines')]);
    expect(found.get(seal('one'))).toBe(text('one'));
  });

  it('are none that was not read, is too large, or is what a symlink leads to', async () => {
    const found = await findEncryptedFiles([object('unread'), object('large')], [{ root, paths: ['base'] }]);
    expect([...found]).toEqual([]);
    const lost = { ...object('unread'), metadata: { name: 'db' } };
    expect(lostFiles([lost, { kind: 'Pod' }], found)).toEqual([
      expect.stringMatching(/^ConfigMap db is encrypted, and the file .* was not found.*under resources/),
    ]);
    expect(lostFiles([lost], new Map([[seal('unread'), '']]))).toEqual([]);
  });
});
