import { generateKeyPairSync } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import type { TrustDocument } from '#domain';
import { RetryableError } from '#kit';
import { Pins, readManifestKeys, trustOfAnswer, trustProblem } from './pins.js';

const pemOf = (): string => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
const [ca = '', otherCa = ''] = rootCertificates;
const first: TrustDocument = { generation: 2, manifestKeys: { k1: pemOf() }, ca };
const second: TrustDocument = { generation: 3, manifestKeys: { ...first.manifestKeys, k2: pemOf() }, ca: ca + otherCa };

describe('what a manifest tells of whom to trust', () => {
  it('is taken again and anew, and one of a lower generation is not', () => {
    expect(trustProblem(second, 'k1', 2)).toBeNull();
    expect(trustProblem(second, 'k2', 3)).toBeNull();
    expect(trustProblem(first, 'k1', 3)).toContain('generation 2 of whom to trust, lower than 3');
  });

  it.each([
    ['lacks the key that signed it', { ...second, manifestKeys: { k2: pemOf() } }, 'is not k1'],
    ['has a key of another sort', { ...second, manifestKeys: { ...second.manifestKeys, r: rsa() } }, 'a key r'],
    ['has a key that is none', { ...second, manifestKeys: { ...second.manifestKeys, x: 'PEM' } }, 'a key x'],
    ['names a key by what every object has', { ...second, manifestKeys: { k2: pemOf() } }, 'is not', 'toString'],
    ['has no authority', { ...second, ca: '' }, 'authorities'],
    ['has a broken one', { ...second, ca: `${ca}\n${otherCa.replace(/MII/, 'MIJ')}` }, 'authorities'],
  ])('is refused where it %s', (_what, document, why, signedBy = 'k1') => {
    expect(trustProblem(document, signedBy, 2)).toContain(why);
  });
});

describe('the pins', () => {
  it('believe what is adopted at once, and say that it is held once it is stored', async () => {
    const saved: number[] = [];
    let isDown = true;
    const pins = new Pins(first, true, async ({ generation }) => {
      if (isDown) throw new RetryableError('own-secret', 'the API server is away');
      saved.push(await Promise.resolve(generation));
    });
    expect(await pins.store()).toBe(false);
    pins.adopt(second);
    expect([...pins.keys().keys()]).toEqual(['k1', 'k2']);
    expect([pins.generation, pins.stored, pins.busCa()]).toEqual([3, 2, second.ca]);
    await expect(pins.store()).rejects.toThrow('away');
    expect(pins.stored).toBe(2);
    isDown = false;
    expect(await pins.store()).toBe(true);
    expect(await pins.store()).toBe(false);
    expect([pins.stored, ...saved]).toEqual([3, 3]);
    pins.adopt(first);
    expect(pins.generation).toBe(3);
  });

  it('hold the API to what the agent was installed with until a hub has told more than the bus', () => {
    const answer = { cluster: '', name: '', protocol: 1, credential: '', heartbeatMs: 1 };
    const old = trustOfAnswer({ ...answer, nats: { urls: [], ca: otherCa }, manifestKeys: first.manifestKeys });
    expect(old).toEqual({ generation: 1, manifestKeys: first.manifestKeys, ca: otherCa });
    const pins = new Pins(old, false, () => Promise.resolve());
    expect([pins.busCa(), pins.hubCa('installed')]).toEqual([otherCa, 'installed']);
    pins.adopt(second);
    expect([pins.busCa(), pins.hubCa('installed')]).toEqual([second.ca, second.ca]);
    // A public authority signed the hub's certificate: nothing private is to take its place.
    expect(pins.hubCa(undefined)).toBeUndefined();
  });

  it('know ed25519 keys alone', () => {
    expect([...readManifestKeys({ ...first.manifestKeys, b: rsa(), c: 'no key' }).keys()]).toEqual(['k1']);
  });
});

function rsa(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
}
