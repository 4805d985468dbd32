import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PROTOCOL_VERSION, type Manifest } from '#domain';
import { createLogger } from '#kit';
import { openFileSigner, openOwnSigner } from './manifest-signer-file.js';
import { openProgramSigner } from './manifest-signer-program.js';
import { isSignedBy, type ManifestSigner } from './manifest-signer.js';
import { openManifestSigner } from './open-manifest-signer.js';

const manifest: Manifest = { protocol: PROTOCOL_VERSION, cluster: 'c', sequence: 1, applications: {} };
const log = createLogger({ level: 'silent' });
const makeKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('what signs manifests', () => {
  let folder: string;
  let file: string;
  const opened: ManifestSigner[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-signer-'));
    file = path.join(folder, 'keys.pem');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await rm(folder, { recursive: true, force: true });
  });

  const idsOf = (signer: ManifestSigner): string[] => signer.keys().map(({ id }) => id);
  async function signsWith(signer: ManifestSigner, id: string): Promise<void> {
    const key = signer.keys().find((each) => each.id === id);
    if (key === undefined) throw new Error(`there is no key ${id}`);
    const { payload, keyId, signature } = await signer.sign(manifest, id);
    expect(keyId).toBe(id);
    expect(JSON.parse(payload)).toEqual(manifest);
    expect(isSignedBy(key, payload, signature)).toBe(true);
    expect(isSignedBy(key, `${payload} `, signature)).toBe(false);
  }

  it('is a key in a file of its own, made once, mode 0600, and more of them while one is rotated', async () => {
    const signer = await openOwnSigner(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const [first = ''] = idsOf(signer);
    expect(idsOf(await openOwnSigner(file))).toEqual([first]);
    const added = await signer.rotation?.add();
    await signsWith(signer, first);
    await signsWith(signer, added?.id ?? '');
    await signer.rotation?.keep([added?.id ?? '', first]);
    expect(idsOf(await openOwnSigner(file))).toEqual([added?.id, first]);
    await signer.rotation?.keep([added?.id ?? '', 'unknown']);
    expect(idsOf(signer)).toEqual([added?.id]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await expect(signer.sign(manifest, first)).rejects.toMatchObject({ code: 'signer-key-missing', kind: 'retryable' });
    // Nothing at all is never what was meant.
    await signer.rotation?.keep([]);
    expect(idsOf(signer)).toEqual([added?.id]);
  });

  it('refuses a file of its own that was changed, and never says what is in it', async () => {
    await writeFile(file, 'SECRET but no key');
    const error: unknown = await openOwnSigner(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'data-folder' });
    expect(String(error)).not.toContain('SECRET');
  });

  it('is a file of somebody else, read again when they change it, and used on where they break it', async () => {
    const [one, two] = [makeKey(), makeKey()];
    await writeFile(file, one);
    const signer = await openFileSigner(file);
    expect([signer.kept, signer.rotation, signer.problem()]).toEqual(['outside', null, null]);
    const [first = ''] = idsOf(signer);
    await writeFile(file, `# the next\n${two}\n${one}${one}`);
    await signer.refresh();
    expect(idsOf(signer)).toHaveLength(2);
    expect(idsOf(signer)[1]).toBe(first);
    await writeFile(file, 'broken');
    await signer.refresh();
    expect(signer.problem()).toMatch(/FLOTILLA_MANIFEST_KEY_FILE/);
    await signsWith(signer, first);
    await writeFile(file, two);
    await signer.refresh();
    expect(signer.problem()).toBeNull();
    await expect(signer.sign(manifest, first)).rejects.toMatchObject({ code: 'signer-key-missing' });
  });

  it.each([
    ['no key', 'nothing'],
    [
      'a key of another sort',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
    ['a key that is cut off', makeKey().replace('MC4', 'MC')],
    ['more keys than agents are told of', Array.from({ length: 9 }, makeKey).join('')],
  ])('refuses a file with %s, naming the setting and nothing of the file', async (_what, text) => {
    await writeFile(file, text);
    const error: unknown = await openFileSigner(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'config-invalid' });
    expect(String(error)).toMatch(/FLOTILLA_MANIFEST_KEY_FILE/);
    for (const line of text.split('\n').slice(1, 2)) expect(String(error)).not.toContain(line);
  });

  it('is a file or a program, and not both', async () => {
    await expect(openManifestSigner({ manifestKeyFile: file, manifestSigner: 'x' }, file, log)).rejects.toMatchObject({
      code: 'config-invalid',
    });
  });

  describe('in a program', () => {
    /** A signer of a few lines, with a fault by the name in a file that it reads at each line. */
    const PROGRAM = `
      import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
      import { readFileSync } from 'node:fs';
      import { createInterface } from 'node:readline';
      const [, , keyFile, faultFile] = process.argv;
      const key = createPrivateKey(readFileSync(keyFile));
      const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
      const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\\n');
      createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, keys, payload } = JSON.parse(line);
        let fault = '';
        try { fault = readFileSync(faultFile, 'utf8'); } catch {}
        if (fault === 'die') process.exit(3);
        if (fault === 'silent') return;
        if (fault === 'error') return say({ id, error: 'the vault is sealed' });
        if (fault === 'noise') process.stdout.write('not json\\n{"id":"999","keyId":"hsm-1"}\\n');
        if (fault === 'flood') return process.stdout.write('x'.repeat(1_000_000));
        if (keys) return say({ id, keys: { 'hsm-1': pem } });
        const text = Buffer.from(payload, 'base64');
        const signature = sign(null, fault === 'wrong' ? Buffer.from('other') : text, key).toString('base64url');
        say({ id, keyId: fault === 'other-key' ? 'hsm-2' : 'hsm-1', signature, env: Object.keys(process.env).length });
      });
    `;
    const fault = (name: string): Promise<void> => writeFile(path.join(folder, 'fault'), name);

    async function open(timeoutMs = 5_000): Promise<ManifestSigner> {
      const program = path.join(folder, 'signer.mjs');
      await writeFile(program, PROGRAM);
      await writeFile(file, makeKey());
      const command = `${process.execPath} ${program} ${file} ${path.join(folder, 'fault')}`;
      const signer = await openProgramSigner(command, log, timeoutMs);
      opened.push(signer);
      return signer;
    }
    const refusedBy = (signer: ManifestSigner): Promise<void> =>
      expect(signer.sign(manifest, 'hsm-1')).rejects.toMatchObject({ code: 'signer-unavailable', kind: 'retryable' });

    it('signs, many at once, and is asked for its keys again', async () => {
      const signer = await open();
      expect([signer.kept, idsOf(signer), signer.rotation]).toEqual(['outside', ['hsm-1'], null]);
      await Promise.all(Array.from({ length: 50 }, () => signsWith(signer, 'hsm-1')));
      await fault('noise');
      await signsWith(signer, 'hsm-1');
      await signer.refresh();
      expect(signer.problem()).toBeNull();
      await expect(signer.sign(manifest, 'hsm-2')).rejects.toMatchObject({ code: 'signer-key-missing' });
    });

    it.each(['wrong', 'other-key', 'error'])('publishes nothing that agents would refuse: %s', async (name) => {
      const signer = await open();
      await fault(name);
      await refusedBy(signer);
      expect(signer.problem()).not.toBeNull();
      await fault('');
      await signsWith(signer, 'hsm-1');
      expect(signer.problem()).toBeNull();
    });

    it('is not waited for without end', async () => {
      const signer = await open(1_500);
      await fault('silent');
      await refusedBy(signer);
      expect(signer.problem()).toMatch(/did not answer within/);
    });

    it.each(['die', 'flood'])('is started again when it ends: %s', async (name) => {
      const signer = await open();
      await fault(name);
      await refusedBy(signer);
      // Not at once, and no sooner for being asked.
      await refusedBy(signer);
      await fault('');
      for (let tries = 0; tries < 200; tries += 1) {
        if (
          await signer.sign(manifest, 'hsm-1').then(
            () => true,
            () => false,
          )
        )
          return;
        await sleep(50);
      }
      throw new Error('it never signed again');
    });

    it('must be there, and have keys, when the hub starts', async () => {
      await expect(openProgramSigner('/nowhere/signer --now', log)).rejects.toMatchObject({ code: 'config-invalid' });
      await expect(openProgramSigner(`${process.execPath} -e 0`, log)).rejects.toThrow(/does not tell its keys/);
    });

    it('gets none of the settings of the hub', async () => {
      const program = path.join(folder, 'nosy.mjs');
      await writeFile(
        program,
        `process.stdin.on('data', (text) => { const { id } = JSON.parse(text); console.log(JSON.stringify({ id, error: Object.keys(process.env).join() })); });`,
      );
      process.env['DATABASE_URL'] ??= 'postgres://secret';
      const error: unknown = await openProgramSigner(`${process.execPath} ${program}`, log).catch(
        (reason: unknown) => reason,
      );
      expect(String(error)).toContain('PATH');
      expect(String(error)).not.toContain('DATABASE');
    });
  });

  it('keeps its file as it is over everything that reads it', async () => {
    await openOwnSigner(file);
    const text = await readFile(file, 'utf8');
    await (await openOwnSigner(file)).refresh();
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});
