import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { rootCertificates } from 'node:tls';
import { type Manifest, PROTOCOL_VERSION, type TrustDocument } from '#domain';
import { readManifestKeys } from '../join/pins.js';
import { verifyManifest } from './verify-manifest.js';

const cluster = '6f1c1f0e-3a52-4c8e-9a3e-0d6a6f1c2b11';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const keys = readManifestKeys({ k1: pem });
const ca = rootCertificates[0] ?? '';
const manifest: Manifest = { protocol: PROTOCOL_VERSION, cluster, sequence: 5, applications: {} };

function envelope(payload: string, changes: { keyId?: string; signature?: string } = {}): Uint8Array {
  const signature = sign(null, Buffer.from(payload), privateKey).toString('base64url');
  return Buffer.from(JSON.stringify({ payload, keyId: 'k1', signature, ...changes }));
}
const verify = (bytes: Uint8Array, heldSequence = 0) =>
  verifyManifest(bytes, { cluster, keys, heldTrust: 3, heldSequence });
const signed = (changes: Partial<Manifest> = {}) => envelope(JSON.stringify({ ...manifest, ...changes }));

describe('a manifest', () => {
  it('counts when a pinned key signed it for this cluster, and again while nothing newer is held', () => {
    expect(verify(signed())).toEqual({ ok: true, manifest });
    expect(verify(signed(), 5)).toMatchObject({ ok: true });
  });

  it.each([
    ['signed by another key', envelope(JSON.stringify(manifest), { signature: 'A'.repeat(86) }), 'manifest-signature'],
    ['of a key that was not pinned', envelope(JSON.stringify(manifest), { keyId: 'k2' }), 'manifest-signature'],
    ['for another cluster', signed({ cluster: '00000000-0000-4000-8000-000000000000' }), 'manifest-cluster'],
    ['two protocol versions ahead', signed({ protocol: PROTOCOL_VERSION + 2 }), 'manifest-protocol'],
    ['that is no JSON', Buffer.from('{'), 'manifest-shape'],
    ['whose payload is no manifest', envelope('{"protocol":1}'), 'manifest-shape'],
    ['larger than the bus takes', Buffer.alloc(300 * 1024, 0x20), 'manifest-shape'],
  ] as const)('%s is refused', (_what, bytes, code) => {
    expect(verify(bytes)).toMatchObject({ ok: false, code });
  });

  it('changed in one byte after it was signed is refused', () => {
    const text = Buffer.from(signed()).toString().replace('\\"sequence\\":5', '\\"sequence\\":6');
    expect(verify(Buffer.from(text))).toMatchObject({ ok: false, code: 'manifest-signature' });
  });

  it('older than what is held is refused', () => {
    expect(verify(signed(), 6)).toMatchObject({ ok: false, code: 'manifest-sequence' });
  });

  it('counts with what it tells of whom to trust, and none of it counts where that is refused', () => {
    const trust = { generation: 4, manifestKeys: { k1: pem }, ca };
    expect(verify(signed({ trust }))).toMatchObject({ ok: true, manifest: { trust } });
    const refused: TrustDocument[] = [
      { ...trust, generation: 2 },
      { ...trust, manifestKeys: { k2: pem } },
      { ...trust, manifestKeys: { k1: pem, k2: 'no key' } },
      { ...trust, ca: '' },
    ];
    for (const bad of refused) {
      expect(verify(signed({ trust: bad }))).toMatchObject({ ok: false, code: 'manifest-trust' });
    }
  });

  it('one protocol version ahead, with fields that are not known yet, counts', () => {
    const payload = JSON.stringify({ ...manifest, protocol: PROTOCOL_VERSION + 1, tomorrow: true });
    expect(verify(envelope(payload))).toMatchObject({ ok: true });
  });
});
