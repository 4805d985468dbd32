import { deepStrictEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Manifest, SignedManifest } from '#domain';
import type { AttemptTable } from '../helpers/attempts.js';
import type { HostileDatabaseScene } from './hostile-database.scene.js';

const { privateKey: stranger } = generateKeyPairSync('ed25519');
const strangerPem = createPublicKey(stranger).export({ type: 'spki', format: 'pem' }).toString();

async function standing(scene: HostileDatabaseScene, cluster = scene.prey): Promise<SignedManifest> {
  const found = await scene.manifest(cluster);
  if (found === null) throw new Error('there is no manifest');
  return found;
}

const read = ({ payload }: SignedManifest): Manifest => JSON.parse(payload) as Manifest;

export const hostileDatabaseAttempts: AttemptTable<HostileDatabaseScene> = {
  title: 'Somebody who writes to the database and the bus',
  who: "Somebody may change every row of the hub's database and every message of its bus, but holds none of its key files. What the database says is to run is what the hub signs, so who writes there decides over releases; what follows is what even he can't do. After each attempt the next honest release gets to the cluster.",
  test: 'test/trust/hostile-database.test.ts',
  attempts: [
    {
      name: 'puts an unsigned manifest with the highest sequence of all on the bus, so that no other counts any more',
      stoppedBy: 'the hub counts on only from what it signed itself',
      run: async (scene) => {
        const there = await standing(scene);
        const payload = JSON.stringify({ ...read(there), sequence: Number.MAX_SAFE_INTEGER });
        await scene.putManifest(scene.prey, { ...there, payload });
        await scene.honestRelease();
        ok(read(await standing(scene)).sequence < 1_000_000);
      },
    },
    {
      name: 'signs that manifest with a key of its own',
      stoppedBy: 'the hub counts on only from what it signed itself',
      run: async (scene) => {
        const { keyId, ...there } = await standing(scene);
        const payload = JSON.stringify({ ...read({ keyId, ...there }), sequence: Number.MAX_SAFE_INTEGER });
        const signature = sign(null, Buffer.from(payload), stranger).toString('base64url');
        await scene.putManifest(scene.prey, { payload, keyId, signature });
        await scene.honestRelease();
        ok(read(await standing(scene)).sequence < 1_000_000);
      },
    },
    {
      name: "puts another cluster's signed manifest in the place of a cluster's",
      stoppedBy: "the cluster's UID in the signed bytes, and the hub writes over it",
      run: async (scene) => {
        await scene.putManifest(scene.prey, await standing(scene, scene.other));
        await scene.honestRelease();
        equal(read(await standing(scene)).cluster, scene.prey);
      },
    },
    {
      name: 'removes all manifests from the bus',
      stoppedBy: 'agents go on with what they accepted, and the hub writes from its rows',
      run: async (scene) => {
        await scene.purge('KV_assign');
        await scene.runsWhatIsHonest();
      },
    },
    {
      name: 'sets a cluster’s sequence back in the database, and removes what stands on the bus',
      stoppedBy: 'the hub counts on from what the agent says that it holds',
      run: async (scene) => {
        const { held } = scene;
        await scene.database.query('update manifests set sequence = 0, bus_revision = 0 where uid = $1', [scene.prey]);
        await scene.purge('KV_assign');
        await scene.honestRelease();
        ok(read(await standing(scene)).sequence > held);
      },
    },
    {
      name: 'changes the bytes of a bundle in the database, and removes it from the bus',
      stoppedBy: "the bundle's digest in the signed manifest",
      run: async (scene) => {
        const digest = await scene.digest(scene.lastRelease);
        const evil = gzipSync('[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{}}]');
        await scene.database.query('update bundles set gzipped = $2, chunks = null where digest = $1', [digest, evil]);
        await scene.purge('KV_bundle');
        match(await scene.refusalOfNewcomer('bundle'), /the bundle's digest is/);
        await scene.runsWhatIsHonest();
      },
    },
    {
      name: 'names a key of its own in the database among those that sign manifests',
      stoppedBy: 'the database says which keys count, and who holds them what they are',
      run: async (scene) => {
        const { rows } = await scene.database.query<{ state: string }>('select state from trust');
        const before = rows[0]?.state ?? '';
        const state = JSON.parse(before) as { generation: number; keys: { id: string; state: string }[] };
        const keys = [
          ...state.keys.map((key) => ({ ...key, pem: strangerPem })),
          { id: 'mine', state: 'next', pem: strangerPem },
        ];
        const changed = JSON.stringify({ ...state, generation: state.generation + 1, keys });
        await scene.database.query('update trust set state = $1', [changed]);
        await scene.honestRelease();
        const { trust, ...manifest } = read(await standing(scene));
        notEqual(trust, undefined);
        equal(manifest.cluster, scene.prey);
        deepStrictEqual(
          Object.values(trust?.manifestKeys ?? {}).filter((pem) => pem === strangerPem),
          [],
        );
      },
    },
    {
      name: 'says in the database that a key of its own signs manifests from now on, and signs one',
      stoppedBy: 'the hub signs with a key that it holds, or waits; agents believe what a pinned key told them',
      run: async (scene) => {
        const { rows } = await scene.database.query<{ state: string }>('select state from trust');
        const before = rows[0]?.state ?? '';
        const state = JSON.parse(before) as { generation: number };
        const changed = { ...state, keys: [{ id: 'mine', state: 'current', pem: strangerPem }] };
        await scene.database.query('update trust set state = $1', [JSON.stringify(changed)]);
        const there = read(await standing(scene));
        const forged = { ...there, sequence: there.sequence + 1, applications: {} };
        const payload = JSON.stringify(forged);
        const signature = sign(null, Buffer.from(payload), stranger).toString('base64url');
        await scene.putManifest(scene.prey, { payload, keyId: 'mine', signature });
        await scene.newHeartbeat();
        ok(scene.held < forged.sequence);
        await scene.database.query('update trust set state = $1', [before]);
      },
    },
  ],
};
