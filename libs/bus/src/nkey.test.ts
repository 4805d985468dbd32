import { describe, expect, it } from '@jest/globals';
import * as official from '@nats-io/nkeys';
import { isPublicNkey, makeNkey, nkeyFromSeed, verifyNkey } from './nkey.js';

describe('nkey', () => {
  it.each(['operator', 'account', 'user'] as const)(
    'makes an %s key that the official package reads the same',
    (kind) => {
      const key = makeNkey(kind);
      const theirs = official.fromSeed(Buffer.from(key.seed));
      expect(theirs.getPublicKey()).toBe(key.publicKey);
      const data = Buffer.from('a nonce');
      expect(Buffer.from(theirs.sign(data))).toEqual(key.sign(data));
      expect(official.fromPublic(key.publicKey).verify(data, key.sign(data))).toBe(true);
    },
  );

  it('reads a seed that the official package made', () => {
    const theirs = official.createUser();
    const ours = nkeyFromSeed(Buffer.from(theirs.getSeed()).toString());
    expect(ours.kind).toBe('user');
    expect(ours.publicKey).toBe(theirs.getPublicKey());
  });

  it('refuses a damaged seed without telling it', () => {
    const { seed } = makeNkey('user');
    const damaged = seed.slice(0, 10) + (seed[10] === 'A' ? 'B' : 'A') + seed.slice(11);
    expect(() => nkeyFromSeed(damaged)).toThrow(/nkey seed is not valid/);
    expect(() => nkeyFromSeed(makeNkey('user').publicKey)).toThrow(/nkey seed is not valid/);
    expect(() => nkeyFromSeed('')).toThrow(/nkey seed is not valid/);
    try {
      nkeyFromSeed(damaged);
    } catch (error) {
      expect(String(error)).not.toContain(damaged.slice(4, 20));
    }
  });

  it('verifies a signature by the public key alone and refuses anything else', () => {
    const key = makeNkey('user');
    const data = Buffer.from('flotilla-join:x');
    const signature = key.sign(data).toString('base64url');
    expect(verifyNkey(key.publicKey, data, signature)).toBe(true);
    expect(verifyNkey(key.publicKey, Buffer.from('other'), signature)).toBe(false);
    expect(verifyNkey(makeNkey('user').publicKey, data, signature)).toBe(false);
    expect(verifyNkey('nonsense', data, signature)).toBe(false);
    expect(verifyNkey(key.publicKey, data, 'short')).toBe(false);
  });

  it('tells a user key from an account key', () => {
    expect(isPublicNkey(makeNkey('user').publicKey, 'user')).toBe(true);
    expect(isPublicNkey(makeNkey('account').publicKey, 'user')).toBe(false);
    expect(isPublicNkey('U' + 'A'.repeat(55), 'user')).toBe(false);
  });
});
