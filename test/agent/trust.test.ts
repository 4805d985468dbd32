import { generateKeyPairSync } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Manifest, SignedManifest, TrustDocument } from '#domain';
import { openSimulated } from './open-simulated.js';
import { Rig } from './rig.js';
import { configMap } from './samples.js';

const next = generateKeyPairSync('ed25519');
const nextPem = next.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const [ca = '', otherCa = ''] = rootCertificates;

describe('an agent whose hub rotates the key that signs manifests', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.open(await openSimulated());
  });
  afterEach(async () => {
    await rig.close();
  });

  const signedByNext = (manifest: Manifest): SignedManifest => ({
    ...rig.hub.sign(manifest, next.privateKey),
    keyId: 'k2',
  });
  /** Waits for the agent to say that it holds, stored, this generation. */
  const holds = (generation: number): Promise<unknown> =>
    rig.hub.eventually(
      () => (rig.hub.heartbeats.at(-1)?.trust === generation ? true : undefined),
      () => `last heartbeat: ${JSON.stringify(rig.hub.heartbeats.at(-1))}`,
    );
  /** Waits for the agent to have refused a manifest for that reason. */
  const refuses = (why: string): Promise<unknown> =>
    rig.hub.eventually(
      () => (rig.log.some((line) => line.includes('a manifest was refused') && line.includes(why)) ? true : undefined),
      () => `it refused none because it ${why}`,
    );
  const tell = (trust: TrustDocument): Manifest => {
    rig.hub.sequence += 1;
    return rig.hub.manifest({ trust });
  };
  const secret = async (name: string): Promise<Record<string, string>> => {
    const object = await rig.get(`/api/v1/namespaces/flotilla-system/secrets/${name}`);
    const data = object?.['data'] as Record<string, string>;
    return Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
    );
  };

  it('goes from one key to the next by the word of the first, and stays there over restarts without a hub', async () => {
    await rig.start();
    await rig.healthy(await rig.assign([configMap('a', { v: '1' })]));
    await holds(1);
    const both: TrustDocument = { generation: 2, manifestKeys: { ...rig.hub.keys, k2: nextPem }, ca };
    await rig.hub.put(signedByNext(tell(both)));
    await refuses('the key k2, which is not pinned');
    await rig.hub.put(rig.hub.sign(tell(both)));
    await holds(2);
    expect(JSON.parse((await secret('flotilla-agent-identity'))['trust'] ?? '')).toEqual(both);

    const alone: TrustDocument = { generation: 3, manifestKeys: { k2: nextPem }, ca: otherCa };
    // The first key can't take itself away: that is the next one's word.
    await rig.hub.put(rig.hub.sign(tell(alone)));
    await refuses('is not k1, which signed it');
    await rig.hub.put(signedByNext(tell(alone)));
    await holds(3);
    const released = await rig.hub.stage('shop', [configMap('a', { v: '2' })], { namespace: 'shop' });
    await rig.hub.put(signedByNext(tell(alone)));
    await rig.healthy(released);

    // What it stored last is signed by the key that it stored last.
    await rig.stop();
    await rig.start({ hub: { url: 'https://127.0.0.1:1' } });
    expect(rig.agent?.state().sequence).toBe(rig.hub.sequence);
    await rig.hub.put(rig.hub.sign(tell(both)));
    await refuses('the key k1, which is not pinned');
  });

  it('takes another key from nobody who merely answers at the address of the hub', async () => {
    rig.hub.credentialSeconds = 1;
    await rig.start();
    await rig.healthy(await rig.assign([configMap('a', { v: '1' })]));
    await rig.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    rig.hub.credentialSeconds = 3600;
    const { k1 = '' } = rig.hub.keys;
    Object.defineProperty(rig.hub, 'keys', { get: () => ({ k1: nextPem, k2: nextPem }) });
    await rig.start();
    await rig.hub.eventually(
      () => (rig.hub.renewals > 0 && rig.agent?.state().connected ? true : undefined),
      () => 'it never renewed',
    );
    const { joined = '' } = await secret('flotilla-agent-identity');
    expect((JSON.parse(joined) as { manifestKeys: unknown }).manifestKeys).toEqual({ k1 });
    rig.hub.sequence += 1;
    await rig.hub.put(signedByNext(rig.hub.manifest()));
    await refuses('the key k2, which is not pinned');
  });

  it('says that it holds a key only once it is stored, and tries again until it is', async () => {
    let refusals = 0;
    const forgetful = {
      request: async (request: Parameters<typeof rig.kube.request>[0]) => {
        const isTrust = JSON.stringify(request.body ?? {}).includes('"trust"');
        if (request.method !== 'PATCH' || !isTrust || (refusals += 1) > 1) return await rig.kube.request(request);
        return { status: 500, headers: {}, body: { kind: 'Status', status: 'Failure', code: 500 } };
      },
      watch: (request: Parameters<typeof rig.kube.watch>[0]) => rig.kube.watch(request),
      close: () => undefined,
    };
    await rig.start();
    await rig.stop();
    await rig.start({ kube: forgetful });
    await rig.healthy(await rig.assign([configMap('a', { v: '1' })]));
    const both: TrustDocument = { generation: 2, manifestKeys: { ...rig.hub.keys, k2: nextPem }, ca };
    await rig.hub.put(rig.hub.sign(tell(both)));
    await rig.hub.eventually(
      () => (rig.hub.heartbeats.at(-1)?.sequence === rig.hub.sequence ? true : undefined),
      () => 'it never took the manifest',
    );
    expect(rig.hub.heartbeats.at(-1)?.trust).toBe(1);
    await rig.hub.put(rig.hub.sign(tell(both)));
    await holds(2);
    expect(refusals).toBe(2);
  });
});
