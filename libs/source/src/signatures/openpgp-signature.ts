import type { Key } from 'openpgp';
import { messageOf, RejectedError } from '#kit';
import type { GitSignature, GitVerification } from '#ports';
import type { SignedObject } from './signed-object.js';

type NamedKey = GitVerification['keys'][number];
/** Who signed, or why what is there does not count; it goes on after "is signed". */
export type Checked = Omit<GitSignature, 'of'> | { readonly refused: string };

/** A clock of ours that is behind that of whoever has just signed. */
const patienceMs = 10 * 60_000;
const maxKeysOfOneText = 20;

export function isOpenPgpKey(key: string): boolean {
  return key.trimStart().startsWith('-----BEGIN PGP ');
}

/**
 * Whether one of the keys made an OpenPGP signature, and still counts: a key that has run out or was revoked does not, whenever it signed.
 * @throws RejectedError `key-unfit` for a key that cannot be read
 */
export async function checkOpenPgp(
  { signature, payload }: SignedObject,
  keys: readonly NamedKey[],
  now: Date,
): Promise<Checked> {
  // Half a megabyte that only those load who ask for it.
  const { createMessage, readSignature, verify } = await import('openpgp');
  const known = (await Promise.all(keys.filter(({ key }) => isOpenPgpKey(key)).map(readNamed))).flat();
  const message = await createMessage({ binary: new Uint8Array(payload) });
  let read: Awaited<ReturnType<typeof readSignature>>;
  try {
    read = await readSignature({ armoredSignature: signature });
  } catch {
    return { refused: 'by what is no OpenPGP signature' };
  }
  const date = new Date(now.getTime() + patienceMs);
  const { signatures } = await verify({
    message,
    signature: read,
    verificationKeys: known.map(({ key }) => key),
    date,
  });
  let refused = 'by what is no OpenPGP signature';
  for (const { keyID, verified } of signatures) {
    const signer = known.find(({ key }) => key.getKeys(keyID).length > 0);
    if (signer === undefined) {
      refused = `by the OpenPGP key ${keyID.toHex().toUpperCase()}, which this source does not name`;
      continue;
    }
    try {
      await verified;
      await signer.key.getSigningKey(keyID, now);
      const fingerprint = signer.key.getFingerprint().toUpperCase();
      return { kind: 'openpgp', signer: signer.name, fingerprint };
    } catch (error) {
      refused = `by the key "${signer.name}", which does not count (${messageOf(error, 200)})`;
    }
  }
  return { refused };
}

async function readNamed({ name, key }: NamedKey): Promise<readonly { readonly name: string; readonly key: Key }[]> {
  const { readKeys } = await import('openpgp');
  try {
    const read = await readKeys({ armoredKeys: key });
    if (read.length === 0 || read.length > maxKeysOfOneText) throw new Error('there is none in it, or more than 20');
    if (read.some((each) => each.isPrivate())) throw new Error('it is a private key: put the public one there');
    return read.map((each) => ({ name, key: each }));
  } catch (error) {
    throw keyUnfit(name, `is no OpenPGP key that can be read: ${messageOf(error, 200)}`);
  }
}

export function keyUnfit(name: string, why: string): RejectedError {
  return new RejectedError('key-unfit', `The key "${name}" of spec.verify.keys ${why.replace(/\.$/, '')}.`);
}
