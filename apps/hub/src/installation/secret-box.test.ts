import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSecretBox } from './secret-box.js';

describe('a secret box', () => {
  let folder: string;
  const file = (name: string): string => path.join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-box-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('opens what it sealed, also after a restart, and seals the same text differently each time', async () => {
    const box = await openSecretBox(file('made'), true);
    const sealed = box.seal('tökén', 'credential shop');
    expect(Buffer.from(sealed).includes('tökén')).toBe(false);
    expect(box.seal('tökén', 'credential shop')).not.toEqual(sealed);
    expect((await openSecretBox(file('made'), true)).open(sealed, 'credential shop')).toBe('tökén');
    expect(statSync(file('made')).mode & 0o777).toBe(0o600);
  });

  it('derives a key for each purpose, the same after a restart, and another from other keys', async () => {
    const box = await openSecretBox(file('made'), true);
    expect(Buffer.from(box.derive('marks of web'), 'base64')).toHaveLength(32);
    expect((await openSecretBox(file('made'), true)).derive('marks of web')).toBe(box.derive('marks of web'));
    expect(box.derive('marks of api')).not.toBe(box.derive('marks of web'));
    expect((await openSecretBox(file('other'), true)).derive('marks of web')).not.toBe(box.derive('marks of web'));
  });

  it('opens nothing that was touched, moved to another name, cut short, or sealed elsewhere', async () => {
    const box = await openSecretBox(file('made'), true);
    const sealed = Buffer.from(box.seal('token', 'credential shop'));
    const refusal = { code: 'sealed-otherwise', message: expect.stringContaining('set the credential') };
    const open = (bytes: Uint8Array, purpose: string) => () => box.open(bytes, purpose);
    for (let at = 0; at < sealed.length; at += 1) {
      const touched = Buffer.from(sealed);
      touched[at] = (touched[at] ?? 0) ^ 1;
      expect(open(touched, 'credential shop')).toThrow(expect.objectContaining(refusal));
    }
    expect(open(sealed, 'credential other')).toThrow(expect.objectContaining(refusal));
    expect(open(sealed.subarray(0, 30), 'credential shop')).toThrow(expect.objectContaining(refusal));
    const other = await openSecretBox(file('other'), true);
    expect(open(other.seal('token', 'credential shop'), 'credential shop')).toThrow(expect.objectContaining(refusal));
  });

  it('rotates: a new first key seals, the old one goes on opening', async () => {
    const before = await openSecretBox(file('made'), true);
    const sealed = before.seal('token', 'credential shop');
    const newest = randomBytes(32).toString('base64');
    writeFileSync(file('two'), `# newest first\n${newest}\n\n${readFileSync(file('made'), 'utf8')}`);
    const after = await openSecretBox(file('two'), false);
    expect(after.open(sealed, 'credential shop')).toBe('token');
    expect(() => before.open(after.seal('token', 'credential shop'), 'credential shop')).toThrow(
      'this hub does not have',
    );
  });

  it('names the setting and the mend where the file is not there or holds no key', async () => {
    await expect(openSecretBox(file('none'), false)).rejects.toThrow(
      /^FLOTILLA_SECRETS_KEY_FILE: .*none can't be read/,
    );
    writeFileSync(file('short'), 'c2hvcnQ=\n');
    await expect(openSecretBox(file('short'), false)).rejects.toThrow(/32 bytes in base64.*openssl rand -base64 32/);
  });
});
