import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createMessage, generateKey, readKey, revokeKey, sign } from 'openpgp';
import type { GitVerification } from '#ports';
import { openVerifier, type SignedSubject } from './verify-signed.js';

const run = promisify(execFile);
const made = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, 'made-by-gpg', name));
const SHA = 'dd9311c5989a9f651c3e02f7f6e211a7b993d1cf';
const FINGERPRINT = 'AE4FCA005D842373AA55BE90F359CBF016CB0607';
const ann = { name: 'Ann', key: made('ann.asc').toString() };

const commitOf = (content: Buffer | string, sha = SHA): SignedSubject => ({
  sha,
  tag: null,
  object: { id: sha, type: 'commit', content: Buffer.from(content) },
});
const tagOf = (content: Buffer | string, tag = 'v1.0.0', sha = SHA): SignedSubject => ({
  sha,
  tag,
  object: { id: 'b'.repeat(40), type: 'tag', content: Buffer.from(content) },
});
const by = (...keys: GitVerification['keys']): GitVerification => ({ of: 'commit', keys, required: true });
const tagBy = (...keys: GitVerification['keys']): GitVerification => ({ ...by(...keys), of: 'tag' });

/** A commit with a signature put in as git does. */
function withSignature(payload: string, armoured: string): string {
  const [head = '', ...rest] = payload.split('\n\n');
  return [`${head}\ngpgsig ${armoured.trimEnd().replaceAll('\r', '').replaceAll('\n', '\n ')}`, ...rest].join('\n\n');
}
const PAYLOAD = `tree ${'a'.repeat(40)}\nauthor B <b@example.org> 1700000000 +0000\ncommitter B <b@example.org> 1700000000 +0000\n\nA change\n`;

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'flotilla-signatures-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const verify = (subject: SignedSubject, terms: GitVerification, clock?: () => number) =>
  openVerifier(root, clock)(subject, terms);
const refusal = (message: RegExp) => ({ code: 'signature-refused', message: expect.stringMatching(message) });

describe('what gpg signed', () => {
  it('is told by the name of its key, commit and tag', async () => {
    const expected = { kind: 'openpgp', signer: 'Ann', fingerprint: FINGERPRINT };
    expect(await verify(commitOf(made('commit.txt')), by(ann))).toEqual({ ...expected, of: 'commit' });
    expect(await verify(tagOf(made('tag.txt')), tagBy(ann))).toEqual({ ...expected, of: 'tag' });
  });

  it.each([
    ['another author', (text: string) => text.replace('author Ann', 'author Eve')],
    ['another tree', (text: string) => text.replace('tree a', 'tree b')],
    ['one word more', (text: string) => `${text}really`],
    ['another encoding of its letters', (text: string) => text.replace('ünï', 'uni')],
  ])('is refused with %s', async (_name, change) => {
    const subject = commitOf(change(made('commit.txt').toString()));
    await expect(verify(subject, by(ann))).rejects.toMatchObject(refusal(/"Ann", which does not count/));
  });

  it('is refused where the key was revoked since, and let through unnamed where that is told', async () => {
    const revoked = { name: 'Ann', key: made('ann-revoked.asc').toString() };
    await expect(verify(commitOf(made('commit.txt')), by(revoked))).rejects.toMatchObject(refusal(/revoked/i));
    expect(await verify(commitOf(made('commit.txt')), { ...by(revoked), required: false })).toBeNull();
  });

  it('is refused as a tag under another name, or of another commit than it says', async () => {
    const renamed = verify(tagOf(made('tag.txt'), 'v9.9.9'), tagBy(ann));
    await expect(renamed).rejects.toMatchObject(refusal(/tag of another name \("v1\.0\.0"\)/));
    const moved = verify(tagOf(made('tag.txt'), 'v1.0.0', 'c'.repeat(40)), tagBy(ann));
    await expect(moved).rejects.toMatchObject(refusal(/another object/));
  });
});

describe('an OpenPGP key', () => {
  const config = { userIDs: [{ name: 'B', email: 'b@example.org' }], format: 'armored' as const };
  const signedBy = async (privateKey: string, date = new Date()): Promise<string> => {
    const { readPrivateKey } = await import('openpgp');
    const signingKeys = await readPrivateKey({ armoredKey: privateKey });
    const message = await createMessage({ binary: Buffer.from(PAYLOAD) });
    return withSignature(PAYLOAD, String(await sign({ message, signingKeys, detached: true, date })));
  };

  it('that ran out counts no more, although it signed in time', async () => {
    const then = new Date(Date.now() - 10 * 86_400_000);
    const { privateKey, publicKey } = await generateKey({ ...config, date: then, keyExpirationTime: 86_400 });
    const commit = commitOf(await signedBy(privateKey, new Date(then.getTime() + 60_000)));
    const terms = by({ name: 'B', key: publicKey });
    await expect(verify(commit, terms)).rejects.toMatchObject(refusal(/expired/i));
    expect(await verify(commit, terms, () => then.getTime() + 120_000)).toMatchObject({ signer: 'B' });
  });

  it('is one of several, each with its own name, and of several in one text', async () => {
    const b = await generateKey({ ...config, type: 'rsa', rsaBits: 2048 });
    const commit = commitOf(await signedBy(b.privateKey));
    expect(await verify(commit, by(ann, { name: 'B', key: b.publicKey }))).toMatchObject({ signer: 'B' });
    await expect(verify(commit, by(ann))).rejects.toMatchObject(refusal(/OpenPGP key [0-9A-F]{16}, which this source/));
    const gone = await revokeKey({
      key: await readKey({ armoredKey: b.publicKey }),
      revocationCertificate: b.revocationCertificate,
      format: 'armored',
    });
    await expect(verify(commit, by({ name: 'B', key: gone.publicKey }))).rejects.toMatchObject(refusal(/revoked/i));
    await expect(verify(commit, by({ name: 'B', key: b.privateKey }))).rejects.toMatchObject({
      code: 'key-unfit',
      message: expect.stringMatching(/"B" of spec\.verify\.keys .* private key/),
    });
  });
});

describe('what ssh-keygen signed', () => {
  const keys: Record<string, string> = {};
  async function signWith(name: string, text: string, namespace = 'git'): Promise<string> {
    const file = path.join(root, 'payload');
    writeFileSync(file, text);
    rmSync(`${file}.sig`, { force: true });
    await run('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', path.join(root, name), file]);
    return readFileSync(`${file}.sig`, 'utf8');
  }
  beforeAll(async () => {
    for (const type of ['ed25519', 'ecdsa', 'rsa']) {
      await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'b at home', '-f', path.join(root, type)]);
      keys[type] = readFileSync(path.join(root, `${type}.pub`), 'utf8');
    }
  });
  const b = (type = 'ed25519') => ({ name: 'B of the team', key: keys[type] ?? '' });

  it.each(['ed25519', 'ecdsa', 'rsa'])('with a key of the kind %s is told, commit and tag', async (type) => {
    const commit = withSignature(PAYLOAD, await signWith(type, PAYLOAD));
    const fingerprint = /SHA256:\S+/.exec((await run('ssh-keygen', ['-lf', path.join(root, type)])).stdout)?.[0];
    const expected = { kind: 'ssh', signer: 'B of the team', fingerprint };
    expect(await verify(commitOf(commit), by(ann, b(type)))).toEqual({ ...expected, of: 'commit' });
    const tag = `object ${SHA}\ntype commit\ntag v1.0.0\ntagger B <b@example.org> 1700000000 +0000\n\nRelease\n`;
    const signed = tag + (await signWith(type, tag));
    expect(await verify(tagOf(signed), tagBy(b(type)))).toEqual({ ...expected, of: 'tag' });
  });

  it('is refused where it is of another commit, for another purpose, by another key, or by one that ran out', async () => {
    const signature = await signWith('ed25519', PAYLOAD);
    const changed = commitOf(withSignature(PAYLOAD.replace('A change', 'Another'), signature));
    await expect(verify(changed, by(b()))).rejects.toMatchObject(refusal(/did not sign what is there now/));
    const file = commitOf(withSignature(PAYLOAD, await signWith('ed25519', PAYLOAD, 'file')));
    await expect(verify(file, by(b()))).rejects.toMatchObject(refusal(/did not sign/));
    const good = commitOf(withSignature(PAYLOAD, signature));
    await expect(verify(good, by(ann, b('rsa')))).rejects.toMatchObject(
      refusal(/SSH key SHA256:\S+, which this source/),
    );
    const until = (time: string) => by({ name: 'B', key: `expiry-time="${time}" ${keys['ed25519']}` });
    await expect(verify(good, until('20251231'))).rejects.toMatchObject(refusal(/ran out on 2025-12-31/));
    expect(await verify(good, until('29991231'))).toMatchObject({ signer: 'B' });
    // Nothing that ssh-keygen was given stays.
    expect(readdirSync(root).filter((name) => name.startsWith('access-'))).toEqual([]);
  });

  it('does not count where a second signature stands beside it', async () => {
    const twice = withSignature(
      withSignature(PAYLOAD, await signWith('ed25519', PAYLOAD)),
      await signWith('rsa', PAYLOAD),
    );
    await expect(verify(commitOf(twice), by(b()))).rejects.toMatchObject(refusal(/neither OpenPGP nor SSH/));
  });
});

describe('nobody', () => {
  it('signed a commit without a signature, a lightweight tag, or a branch', async () => {
    const missing = (message: RegExp) => ({ code: 'signature-missing', message: expect.stringMatching(message) });
    await expect(verify(commitOf(PAYLOAD), by(ann))).rejects.toMatchObject(
      missing(
        /^The commit dd9311c5989a is not signed: sign it \(git commit --gpg-sign\) .*spec\.verify\.mode: report\.$/,
      ),
    );
    const tag = { sha: SHA, tag: 'v1', object: null };
    await expect(verify(tag, tagBy(ann))).rejects.toMatchObject(missing(/^The tag v1 is not signed/));
    expect(await verify(commitOf(PAYLOAD), { ...by(ann), required: false })).toBeNull();
  });

  it.each([
    ['X.509', '-----BEGIN SIGNED MESSAGE-----\nMIID\n-----END SIGNED MESSAGE-----', /neither OpenPGP nor SSH/],
    ['an endless one', `-----BEGIN SSH SIGNATURE-----\n${'A'.repeat(70_000)}\n-----END SSH SIGNATURE-----`, /neither/],
    ['no armour', '-----BEGIN PGP SIGNATURE-----\n\nhello\n-----END PGP SIGNATURE-----', /no OpenPGP signature/],
    ['an SSH signature of no key', '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----', /no SSH/],
  ])('is who signed with %s', async (_name, armoured, message) => {
    const commit = commitOf(withSignature(PAYLOAD, armoured));
    await expect(verify(commit, by(ann))).rejects.toMatchObject(refusal(message));
  });

  it.each([
    ['a word', 'secret', /neither an OpenPGP block nor an SSH key/],
    ['a private SSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----', /a private key/],
    ['a key of another kind than it says', 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA', /neither/],
    [
      'an option of authorized_keys',
      'command="x" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==',
      /an option that is not known/,
    ],
    ['half an OpenPGP block', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME', /no OpenPGP key/],
  ])('has a key that is %s', async (_name, key, message) => {
    const kind = key.includes('PGP') ? 'PGP' : 'SSH';
    const commit = commitOf(
      withSignature(PAYLOAD, `-----BEGIN ${kind} SIGNATURE-----\nU1NIU0lH\n-----END ${kind} SIGNATURE-----`),
    );
    await expect(verify(commit, { ...by({ name: 'Eve', key }), required: false })).rejects.toMatchObject({
      kind: 'rejected',
      code: 'key-unfit',
      message: expect.stringMatching(message),
    });
  });
});
