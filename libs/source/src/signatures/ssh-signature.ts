import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RetryableError } from '#kit';
import type { GitVerification } from '#ports';
import { ACCESS_FOLDER } from '../git-access.js';
import { type Checked, isOpenPgpKey, keyUnfit } from './openpgp-signature.js';
import type { SignedObject } from './signed-object.js';

type NamedKey = GitVerification['keys'][number];

interface SshKey {
  readonly name: string;
  /** As `allowed_signers` has it. */
  readonly type: string;
  readonly blob: Buffer;
  /** Until when it counts; null: always. */
  readonly until: Date | null;
}

const limitMs = 20_000;
const keyLine = /^(?:(\S+) +)?((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) +([A-Za-z0-9+/]+={0,2})(?: .*)?$/;
/** `20261231`, `20261231235959`, with a Z for UTC. */
const expiry = /^(?:expiry-time|valid-before)="?(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)"?$/i;

/**
 * Whether one of the keys made an SSH signature, as `ssh-keygen -Y verify` has it.
 * @param root a folder of the hub alone, for the files that ssh-keygen wants
 * @throws RejectedError `key-unfit` for a key that cannot be read; RetryableError `program-missing`
 */
export async function checkSsh(
  { signature, payload }: SignedObject,
  keys: readonly NamedKey[],
  { now, root }: { readonly now: Date; readonly root: string },
): Promise<Checked> {
  const known = keys.filter(({ key }) => !isOpenPgpKey(key)).map(readKey);
  const blob = signersKey(signature);
  if (blob === null) return { refused: 'by what is no SSH signature' };
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  const key = known.find((each) => each.blob.equals(blob));
  if (key === undefined) return { refused: `by the SSH key ${fingerprint}, which this source does not name` };
  const { name, until } = key;
  if (until !== null && until <= now) {
    return { refused: `by the key "${name}", which does not count (it ran out on ${until.toISOString()})` };
  }
  const folder = await mkdtemp(path.join(root, ACCESS_FOLDER));
  try {
    const [signers, armoured] = [path.join(folder, 'signers'), path.join(folder, 'signature')];
    await writeFile(signers, `signer namespaces="git" ${key.type} ${blob.toString('base64')}\n`);
    await writeFile(armoured, signature);
    const isGood = await verify(['-Y', 'verify', '-f', signers, '-I', 'signer', '-n', 'git', '-s', armoured], payload);
    if (isGood) return { kind: 'ssh', signer: name, fingerprint };
    return { refused: `by the key "${name}", which did not sign what is there now` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function verify(args: readonly string[], payload: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
    const options = { env, timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const;
    const child = execFile('ssh-keygen', [...args], options, (error) => {
      if (error === null) resolve(true);
      else if (error.code === 'ENOENT') reject(new RetryableError('program-missing', MISSING));
      else if (error.killed === true)
        reject(new RetryableError('program-failed', 'ssh-keygen did not answer in time.'));
      else resolve(false);
    });
    // It may be gone before it has read everything; what it says is what counts.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(payload);
  });
}

const MISSING =
  'ssh-keygen is not to be found: install OpenSSH 8.2 or newer on the hub, with which SSH signatures are checked.';

/** The public key within an armoured signature: after `SSHSIG` and a version, its first string. */
function signersKey(signature: string): Buffer | null {
  const body = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SSH SIGNATURE-----\s*$/.exec(signature);
  const bytes = Buffer.from(body?.[1] ?? '', 'base64');
  if (bytes.toString('latin1', 0, 6) !== 'SSHSIG' || bytes.length < 14) return null;
  const length = bytes.readUInt32BE(10);
  return length > 0 && 14 + length <= bytes.length ? bytes.subarray(14, 14 + length) : null;
}

function readKey({ name, key }: NamedKey): SshKey {
  const text = key.trim();
  if (text.includes('PRIVATE KEY'))
    throw keyUnfit(name, 'is a private key: put the public one there (it ends in .pub)');
  const [, option, type = '', base64 = ''] = keyLine.exec(text) ?? [];
  const blob = Buffer.from(base64, 'base64');
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  if (type === '' || blob.toString('latin1', 4, 4 + length) !== type) {
    throw keyUnfit(name, 'is neither an OpenPGP block nor an SSH key on one line, as in a file that ends in .pub');
  }
  return { name, type, blob, until: option === undefined ? null : untilOf(name, option) };
}

function untilOf(name: string, option: string): Date {
  const [match, year, month, day, hour = '00', minute = '00', second = '00', zone] = expiry.exec(option) ?? [];
  const until = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone === '' ? '' : 'Z'}`);
  if (match === undefined || Number.isNaN(until.getTime())) {
    throw keyUnfit(name, 'has an option that is not known: only expiry-time="20261231" is');
  }
  return until;
}
