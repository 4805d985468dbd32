import { deepStrictEqual, equal, notEqual, ok } from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Ask } from '#contract';
import type { ManifestApplication, SignedManifest, TrustDocument } from '#domain';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import { APPLICATION, type HostileHubScene } from './hostile-hub.scene.js';

const SIGNATURE = 'the signature by the key that was pinned at the join, over the exact bytes';
const DIGEST = "the bundle's digest in the signed manifest";
const stranger = generateKeyPairSync('ed25519').privateKey;

const badSignature = /wrong signature/;
const tamper = (signed: SignedManifest, from: string, to: string): SignedManifest => {
  const payload = signed.payload.replace(from, to);
  notEqual(payload, signed.payload);
  return { ...signed, payload };
};

/** The present application's assignment. */
function present(scene: HostileHubScene): ManifestApplication {
  const told = scene.hub.manifest().applications[APPLICATION];
  if (told === undefined) throw new Error('nothing is assigned');
  return told;
}

const forgeries: readonly Attempt<HostileHubScene>[] = [
  {
    name: 'changes one digit of a signed manifest',
    stoppedBy: SIGNATURE,
    run: async (scene) => {
      const manifest = await scene.forged();
      const signed = scene.hub.sign(scene.hub.manifest());
      const { sequence } = scene.hub;
      await scene.isRefused(tamper(signed, `"sequence":${sequence}`, `"sequence":${manifest.sequence}`), badSignature);
    },
  },
  {
    name: 'raises how much may be deleted in a signed manifest',
    stoppedBy: SIGNATURE,
    run: (scene) =>
      scene.isRefused(
        tamper(scene.hub.sign(scene.hub.manifest()), '"maxDeletions":100', '"maxDeletions":101'),
        badSignature,
      ),
  },
  {
    name: 'puts the signature of an earlier manifest under a forged one',
    stoppedBy: SIGNATURE,
    run: async (scene) => {
      const { signature } = scene.hub.sign(scene.hub.manifest());
      const forged = scene.hub.sign(await scene.forged());
      await scene.isRefused({ ...forged, signature }, badSignature);
    },
  },
  {
    name: 'signs a forged manifest with a key of its own under the pinned key’s name',
    stoppedBy: SIGNATURE,
    run: async (scene) => scene.isRefused(scene.hub.sign(await scene.forged(), stranger), badSignature),
  },
  {
    name: 'signs a forged manifest with a key of its own, and names that',
    stoppedBy: 'only keys that were pinned at the join are believed',
    run: async (scene) => {
      const forged = scene.hub.sign(await scene.forged(), stranger);
      await scene.isRefused({ ...forged, keyId: 'k2' }, /key k2, which is not pinned/);
    },
  },
  {
    name: 'names a key that every object of the language has',
    stoppedBy: 'only keys that were pinned at the join are believed',
    run: async (scene) => {
      for (const keyId of ['__proto__', 'constructor', 'toString', '']) {
        const forged = scene.hub.sign(await scene.forged(), stranger);
        await scene.isRefused({ ...forged, keyId }, /which is not pinned/);
      }
    },
  },
  {
    name: 'has a cluster withdraw all that it runs, by one word in a signed manifest',
    stoppedBy: SIGNATURE,
    run: (scene) =>
      scene.isRefused(
        tamper(scene.hub.sign(scene.hub.manifest()), '"applications":', '"withdraw":true,"applications":'),
        badSignature,
      ),
  },
  {
    name: 'leaves the signature empty, or puts something else in its place',
    stoppedBy: SIGNATURE,
    run: async (scene) => {
      const forged = scene.hub.sign(await scene.forged());
      for (const signature of ['', 'none', 'A'.repeat(86), randomBytes(64).toString('base64url')]) {
        await scene.isRefused({ ...forged, payload: `${forged.payload} `, signature }, badSignature);
      }
    },
  },
  {
    name: 'adds fields of its own beside what is signed',
    stoppedBy: 'nothing outside the signed bytes is read',
    run: async (scene) => {
      const forged = await scene.forged();
      const bytes = Buffer.from(JSON.stringify({ ...scene.hub.sign(scene.hub.manifest()), ...forged }));
      const { sequence } = scene;
      await scene.hub.place(bytes);
      await scene.looks();
      equal(scene.sequence, sequence);
    },
  },
  {
    name: 'puts a signed question in the place of the manifest',
    stoppedBy: 'what is no manifest by its shape is none, whoever signed it',
    run: (scene) => scene.isRefused(scene.hub.sign(scene.hub.makeAsk('tree', APPLICATION)), /shape/),
  },
  {
    name: 'puts no JSON there, and JSON that is nested a hundred thousand deep',
    stoppedBy: 'the schema of what is signed',
    run: async (scene) => {
      for (const text of ['', '{', 'null', '[]', '['.repeat(100_000), `${'['.repeat(50_000)}${']'.repeat(50_000)}`]) {
        await scene.isRefused(Buffer.from(text), /no signed document/);
      }
    },
  },
  {
    name: 'lifts the limit of the stream and puts a manifest there that is larger than any may be',
    stoppedBy: "the agent's own limit, before anything is parsed",
    run: async (scene) => {
      await scene.liftLimits('KV_assign');
      await scene.isRefused(Buffer.alloc(700 * 1024, ' '), /has 716800 bytes, the limit is/);
    },
  },
];

const replays: readonly Attempt<HostileHubScene>[] = [
  {
    name: 'replays an older manifest of the same cluster',
    stoppedBy: 'the sequence never goes back',
    run: async (scene) => {
      const old = scene.hub.sign(scene.hub.manifest());
      await scene.release();
      await scene.isRefused(old, /lower than \d+, which is held/);
    },
  },
  {
    name: 'replays an older manifest to an agent that has just started again',
    stoppedBy: 'the sequence never goes back: what was accepted is kept in the cluster',
    run: async (scene) => {
      const old = scene.hub.sign(scene.hub.manifest());
      await scene.release();
      await scene.stopAgent();
      await scene.hub.place(Buffer.from(JSON.stringify(old)));
      const seen = scene.log.length;
      await scene.startAgent();
      await scene.says(/lower than \d+, which is held/, seen);
    },
  },
  {
    name: "gives it another cluster's manifest, signed by the hub",
    stoppedBy: "the cluster's UID in the signed bytes",
    run: async (scene) => {
      const other = await scene.forged({ cluster: randomUUID() });
      await scene.isRefused(scene.hub.sign(other), /is for the cluster/);
    },
  },
  {
    name: 'speaks a version of the protocol that has other rules',
    stoppedBy: 'one version apart is understood, and no more',
    run: async (scene) => {
      const { protocol } = scene.hub.manifest();
      for (const other of [protocol + 2, protocol + 1000]) {
        await scene.isRefused(scene.hub.sign(await scene.forged({ protocol: other })), /install an agent that fits/);
      }
    },
  },
  {
    name: 'has a database that was restored from long ago sign an older release anew',
    stoppedBy: "an application's generation never goes back, whatever the manifest's sequence",
    run: async (scene) => {
      const old = present(scene);
      await scene.release();
      const { generation } = old;
      await scene.sneak({ [APPLICATION]: old });
      await scene.tellsRefusal(generation, /is lower than \d+, which is held/);
    },
  },
  {
    name: 'puts other content under a generation that was released already',
    stoppedBy: 'a generation is one bundle for ever',
    run: async (scene) => {
      const told = present(scene);
      const { digest, chunks } = Object.values((await scene.forged()).applications)[0] ?? told;
      await scene.sneak({ [APPLICATION]: { ...told, digest, chunks } });
      await scene.tellsRefusal(told.generation, /is held already with another bundle/);
    },
  },
  {
    name: 'empties the manifest, so that everything is deleted',
    stoppedBy: 'what merely vanished from a manifest is never deleted',
    run: async (scene) => {
      await scene.sneak({});
      await scene.looks();
      scene.runsWhatIsHonest();
    },
  },
  {
    name: 'deletes the manifest from the bus',
    stoppedBy: 'what was accepted goes on being enforced',
    run: async (scene) => {
      const { sequence } = scene;
      await scene.hub.bus.deleteManifest(scene.hub.cluster);
      scene.hub.forgetRevision();
      await scene.looks();
      scene.runsWhatIsHonest();
      equal(scene.sequence, sequence);
    },
  },
];

/** What the honest hub tells of whom to trust: one generation more than was told before. */
async function nextTrust(scene: HostileHubScene): Promise<TrustDocument> {
  const trust = {
    generation: (scene.hub.trust?.generation ?? 1) + 1,
    manifestKeys: scene.hub.keys,
    ca: scene.broker.certificates.caPem,
  };
  scene.hub.trust = trust;
  await scene.release();
  return trust;
}

const strangerPem = createPublicKey(stranger).export({ type: 'spki', format: 'pem' }).toString();
const LED_ASTRAY = 'a document counts only where a pinned key signed it, and names that key itself';

const trusts: readonly Attempt<HostileHubScene>[] = [
  {
    name: 'hands the agent over to a key of its own, which signs that itself',
    stoppedBy: LED_ASTRAY,
    run: async (scene) => {
      const trust = await nextTrust(scene);
      const manifestKeys = { ...trust.manifestKeys, mine: strangerPem };
      const manifest = await scene.forged({ trust: { ...trust, generation: trust.generation + 1, manifestKeys } });
      const signed = { ...scene.hub.sign(manifest, stranger), keyId: 'mine' };
      await scene.isRefused(signed, /key mine, which is not pinned/);
    },
  },
  {
    name: 'adds a key of its own to what the hub signed of whom to trust',
    stoppedBy: SIGNATURE,
    run: async (scene) => {
      await nextTrust(scene);
      const signed = scene.hub.sign(scene.hub.manifest());
      const mine = `"manifestKeys":{"mine":${JSON.stringify(strangerPem)},`;
      await scene.isRefused(tamper(signed, '"manifestKeys":{', mine), badSignature);
    },
  },
  {
    name: 'adds an authority of its own to what the hub signed of whom to trust',
    stoppedBy: SIGNATURE,
    run: async (scene) => {
      await nextTrust(scene);
      const signed = scene.hub.sign(scene.hub.manifest());
      await scene.isRefused(tamper(signed, '"ca":"', '"ca":"-----BEGIN CERTIFICATE-----'), badSignature);
    },
  },
  {
    name: 'goes back to an earlier generation of whom to trust, with a key that was dropped since',
    stoppedBy: 'the generation of the document never goes back',
    run: async (scene) => {
      const before = await nextTrust(scene);
      await nextTrust(scene);
      await scene.isRefused(scene.hub.sign(await scene.forged({ trust: before })), /of generation \d+ .* lower than/);
    },
  },
  {
    name: 'has the hub hand the agent over to another key alone',
    stoppedBy: LED_ASTRAY,
    run: async (scene) => {
      const { generation, ...trust } = await nextTrust(scene);
      const other = { ...trust, generation: generation + 1, manifestKeys: { mine: strangerPem } };
      await scene.isRefused(scene.hub.sign(await scene.forged({ trust: other })), /among which is not k1/);
    },
  },
  {
    name: 'has the hub name keys and authorities that can’t be read, so that the agent believes nobody any more',
    stoppedBy: 'a document is taken whole or not at all',
    run: async (scene) => {
      const { generation, ...trust } = await nextTrust(scene);
      const next = { ...trust, generation: generation + 1 };
      const badKey = { ...next, manifestKeys: { ...trust.manifestKeys, k2: 'none' } };
      await scene.isRefused(scene.hub.sign(await scene.forged({ trust: badKey })), /key k2 that can't be read/);
      await scene.isRefused(
        scene.hub.sign(await scene.forged({ trust: { ...next, ca: '' } })),
        /authorities that can't/,
      );
    },
  },
  {
    name: 'answers a renewal at the hub’s address, and names other keys and authorities there',
    stoppedBy: 'an answer over HTTPS brings a credential, and never whom to believe',
    run: async (scene) => {
      await scene.answersRenewal({ manifestKeys: { k1: strangerPem } });
      await scene.isRefused(scene.hub.sign(await scene.forged(), stranger), badSignature);
      const trust = { generation: 1_000, manifestKeys: { k1: strangerPem }, ca: scene.broker.certificates.caPem };
      await scene.answersRenewal({ trust });
      await scene.isRefused(scene.hub.sign(await scene.forged(), stranger), badSignature);
    },
  },
  {
    name: 'answers a renewal on the bus with a credential of its own making',
    stoppedBy: 'the broker lets in what the hub signed; refused, the agent proves its key at the hub’s address',
    run: (scene) => scene.answersBusRenewal('e30.e30.e30'),
  },
];

/** A release by the honest hub whose bundle somebody replaces before the agent looks. */
async function withBundle(
  scene: HostileHubScene,
  replace: (gzipped: Buffer) => Uint8Array,
  why: RegExp,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const objects = scene.objects(-1, { unique: randomUUID(), ...more });
  const told = await scene.hub.stage(APPLICATION, objects, { namespace: 'shop' });
  const gzipped = Buffer.from(await scene.readBundle(told));
  await scene.replaceBundle(told.digest, replace(gzipped));
  await scene.hub.publish();
  await scene.tellsRefusal(told.generation, why);
}

const bundles: readonly Attempt<HostileHubScene>[] = [
  {
    name: "puts another bundle's bytes under a digest that was released",
    stoppedBy: DIGEST,
    run: (scene) => withBundle(scene, () => gzipSync(JSON.stringify(scene.objects(-2))), /digest is/),
  },
  {
    name: 'changes one value in the bytes of a bundle',
    stoppedBy: DIGEST,
    run: (scene) =>
      withBundle(scene, (gz) => gzipSync(gunzipSync(gz).toString().replace('"value":"-1"', '"value":"-2"')), /digest/),
  },
  {
    name: 'truncates a bundle',
    stoppedBy: 'a bundle that can’t be unpacked whole is refused',
    run: (scene) => withBundle(scene, (gzipped) => gzipped.subarray(0, gzipped.length - 9), /can't be unpacked/),
  },
  {
    name: 'adds a second archive behind the first',
    stoppedBy: DIGEST,
    run: (scene) => withBundle(scene, (gzipped) => Buffer.concat([gzipped, gzipSync(',{}')]), /digest is/),
  },
  {
    name: 'swaps two chunks of a large bundle',
    stoppedBy: 'a bundle that can’t be unpacked whole is refused, and its digest',
    run: (scene) => {
      const large = { large: randomBytes(200 * 1024).toString('base64') };
      const swap = (gzipped: Buffer): Buffer => {
        const chunk = 128 * 1024;
        ok(gzipped.length > chunk);
        const head = Buffer.from(gzipped.subarray(0, 20));
        const other = Buffer.from(gzipped);
        other.set(gzipped.subarray(chunk, chunk + 20), 0);
        other.set(head, chunk);
        return other;
      };
      return withBundle(scene, swap, /can't be unpacked|digest is/, large);
    },
  },
  {
    name: 'puts an archive there that unpacks to a quarter of a gigabyte',
    stoppedBy: 'unpacking ends at the limit of a bundle',
    run: async (scene) => {
      const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
      await withBundle(scene, () => bomb, /can't be unpacked, or has more than/);
    },
  },
  {
    name: 'puts an empty bundle there, so that everything is deleted',
    stoppedBy: DIGEST,
    run: (scene) => withBundle(scene, () => gzipSync('[]'), /digest is/),
  },
  {
    name: 'has the hub sign an empty bundle, so that everything is deleted',
    stoppedBy: 'a bundle without an object is refused',
    run: async (scene) => {
      const { digest, chunks } = await scene.plantText('[]');
      const told = await scene.hub.stage(APPLICATION, scene.objects(-1), { namespace: 'shop' });
      await scene.sneak({ [APPLICATION]: { ...told, digest, chunks } });
      await scene.tellsRefusal(told.generation, /holds no object/);
    },
  },
  {
    name: 'removes a bundle that is being rolled out',
    stoppedBy: 'nothing changes until the whole bundle is there',
    run: async (scene) => {
      const told = await scene.hub.stage(APPLICATION, scene.objects(-1), { namespace: 'shop' });
      await scene.hub.bus.deleteBundle(told.digest);
      await scene.hub.publish();
      const { generation } = told;
      await scene.hub.until(APPLICATION, (each) => each.generation === generation && each.phase === 'progressing');
      await scene.looks();
    },
  },
];

const whispers: readonly Attempt<HostileHubScene>[] = [
  {
    name: 'sends a forged manifest down in place of a nudge',
    stoppedBy: 'what comes down is a nudge, whatever it says: the manifest is read, and verified, under its own key',
    run: async (scene) => {
      const forged = scene.hub.sign(await scene.forged());
      const { sequence } = scene;
      for (const last of ['nudge', 'assign', 'anything']) {
        scene.raw.publish(`fleet.v1.down.${scene.hub.cluster}.${last}`, JSON.stringify(forged));
      }
      await scene.looks();
      equal(scene.sequence, sequence);
    },
  },
  {
    name: 'floods the agent with ten thousand nudges',
    stoppedBy: 'one look at a time: nudges that come meanwhile are one more look',
    run: async (scene) => {
      for (let number = 0; number < 10_000; number += 1) {
        scene.raw.publish(`fleet.v1.down.${scene.hub.cluster}.nudge`);
      }
      const looks = await scene.countReads(() => scene.raw.flush());
      ok(looks < 5_000, `${looks} reads`);
    },
  },
  ...(
    [
      ['asks without a signature', (_scene, ask) => ({ payload: JSON.stringify(ask), keyId: 'k1', signature: '' })],
      ['asks with a key of its own', (scene, ask) => scene.hub.sign(ask, stranger)],
      ["asks with another cluster's question", (scene, ask) => scene.hub.sign({ ...ask, cluster: randomUUID() })],
      [
        'asks with the bytes of a manifest that the hub signed',
        (scene, ask) => {
          const { payload, keyId, signature } = scene.hub.sign(scene.hub.manifest());
          return { payload, keyId, signature, id: ask.id };
        },
      ],
    ] satisfies readonly (readonly [string, (scene: HostileHubScene, ask: Ask) => object])[]
  ).map(([name, make]): Attempt<HostileHubScene> => ({
    name,
    stoppedBy: 'the signature of a question is made by the same key, for one cluster, and with an id of its own',
    run: async (scene) => {
      const ask = scene.hub.makeAsk('tree', APPLICATION);
      const answers = await scene.answersTo(() => make(scene, ask));
      deepStrictEqual(answers, []);
    },
  })),
  {
    name: 'asks, rightly signed, for schemas of group versions that are paths to Secrets',
    stoppedBy: 'what is no group version is looked for nowhere',
    run: async (scene) => {
      for (const groupVersion of ['../../api/v1/secrets', '../../../api/v1', 'v1/../../../api/v1/secrets', 'v1?x=']) {
        const ask = { ...scene.hub.makeAsk('tree', APPLICATION), ask: 'schemas' as const, groupVersion };
        const answer = await scene.hub.sendAsk(ask.id, scene.hub.sign(ask));
        deepStrictEqual(answer, { error: { code: 'no-schemas', message: `${groupVersion} is no group version.` } });
      }
    },
  },
  {
    name: 'asks the same signed question again',
    stoppedBy: 'an id is answered once',
    run: async (scene) => {
      const signed = scene.hub.sign(scene.hub.makeAsk('tree', APPLICATION));
      equal((await scene.answersTo(() => signed)).length > 0, true);
      deepStrictEqual(await scene.answersTo(() => signed), []);
    },
  },
];

export const hostileHubAttempts: AttemptTable<HostileHubScene> = {
  title: 'A hostile bus, and a hub that was led astray',
  who: 'Somebody owns the nats-server and everything in it, or can write what a hub signs, but does not hold the key that signs manifests. After each attempt what runs in the cluster is what was released honestly, and the next honest release is obeyed.',
  test: 'test/trust/hostile-hub.test.ts',
  attempts: [...forgeries, ...replays, ...trusts, ...bundles, ...whispers],
};
