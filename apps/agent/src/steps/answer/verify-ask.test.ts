import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { verifyAsk } from './verify-ask.js';

const cluster = '6f1c1f0e-3a52-4c8e-9a3e-0d6a6f1c2b11';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keys = new Map([['k1', publicKey]]);
const ask = { protocol: 1, cluster, id: 'a'.repeat(32), ask: 'tree', application: 'shop' };

function envelope(payload: unknown, changes: Readonly<Record<string, unknown>> = {}): Uint8Array {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const signature = sign(null, Buffer.from(text), privateKey).toString('base64url');
  return Buffer.from(JSON.stringify({ payload: text, keyId: 'k1', signature, ...changes }));
}
const verify = (bytes: Uint8Array) => verifyAsk(bytes, { cluster, keys });

describe('an ask', () => {
  it('counts when it is signed by a pinned key for this cluster', () => {
    expect(verify(envelope(ask))).toEqual({ ok: true, ask });
    // A hub one version ahead may say more.
    expect(verify(envelope({ ...ask, protocol: 2, more: true }))).toMatchObject({ ok: true });
  });

  it.each([
    [
      'of another key',
      envelope(ask, {
        signature: sign(null, Buffer.from(JSON.stringify(ask)), generateKeyPairSync('ed25519').privateKey).toString(
          'base64url',
        ),
      }),
    ],
    ['of an unknown key', envelope(ask, { keyId: 'k2' })],
    [
      'with another payload than was signed',
      envelope(ask, { payload: JSON.stringify({ ...ask, application: 'other' }) }),
    ],
    ['for another cluster', envelope({ ...ask, cluster: '00000000-0000-4000-8000-000000000000' })],
    ['without an id', envelope({ ...ask, id: 'x' })],
    ['that is a manifest', envelope({ protocol: 1, cluster, sequence: 4, applications: {} })],
    ['that is no JSON', envelope('{')],
    ['that is no envelope', Buffer.from('tree, please')],
    ['that is too large', envelope({ ...ask, more: 'x'.repeat(9_000) })],
  ])('%s is not answered', (_what, bytes) => {
    expect(verify(bytes)).toMatchObject({ ok: false, id: null });
  });

  it.each([
    ['of a kind that is unknown here', { ...ask, ask: 'logs' }, /knows tree, diff, events/],
    ['of a hub that is two versions ahead', { ...ask, protocol: 3 }, /version 3 of the protocol/],
    ['about what is no application', { ...ask, application: '../x' }, /does not understand/],
  ])('%s is answered with what is wrong', (_what, payload, message) => {
    expect(verify(envelope(payload))).toEqual({ ok: false, id: ask.id, message: expect.stringMatching(message) });
  });
});
