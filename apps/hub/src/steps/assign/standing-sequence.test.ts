import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { signerKeyOf } from './manifest-signer.js';
import { standingSequence } from './standing-sequence.js';

const mine = generateKeyPairSync('ed25519').privateKey;
const stranger = generateKeyPairSync('ed25519').privateKey;
const { id, pem } = signerKeyOf(createPublicKey(mine));

function envelope(sequence: unknown, key: KeyObject = mine, keyId = id): Uint8Array {
  const payload = JSON.stringify({ sequence });
  const signature = sign(null, Buffer.from(payload), key).toString('base64url');
  return Buffer.from(JSON.stringify({ payload, keyId, signature }));
}

describe('the sequence of what stands on the bus', () => {
  const of = (bytes: Uint8Array): number => standingSequence(bytes, { [id]: pem });

  it('is what a key of the hub signed', () => {
    expect(of(envelope(7))).toBe(7);
  });

  it.each([
    ["a stranger's, under the hub's key's name", envelope(Number.MAX_SAFE_INTEGER, stranger)],
    ["a stranger's, under a name of its own", envelope(7, stranger, 'k2')],
    ['under the name of what every object has', envelope(7, stranger, 'constructor')],
    ['no number', envelope('7')],
    ['larger than numbers count', envelope(2 ** 60)],
    ['nothing', new Uint8Array()],
  ])('is none where it is %s', (_what, bytes) => {
    expect(of(bytes)).toBe(0);
  });
});
