import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type JsonObject, makeBundle } from '#domain';
import { createLogger, findProgram, kustomize } from '#kit';
import { openRenderer } from '#render';
import { BigRig } from './big-rig.js';

const fixtures = path.join(import.meta.dirname, 'fixtures/odd-manifests');
const log = createLogger({ level: 'silent' });

/** Manifests as people and tools write them, by the way that they take in production: rendered, bundled, applied. */
describe('an agent on a real control plane, with odd inputs', () => {
  let folder: string;
  let kustomizePath: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-odd-'));
    kustomizePath = (await findProgram(kustomize, { log })).path;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function render(file: string, how: 'yaml' | 'kustomize'): Promise<readonly JsonObject[]> {
    const overlay = `${how}-${file}`;
    await mkdir(path.join(folder, overlay), { recursive: true });
    await copyFile(path.join(fixtures, file), path.join(folder, overlay, file));
    if (how === 'kustomize')
      await writeFile(path.join(folder, overlay, 'kustomization.yaml'), `resources: [${file}]\n`);
    const { objects } = await openRenderer({ kustomizePath, log }).render({ folder, path: overlay, renderer: how });
    return objects;
  }
  function bundled(objects: readonly JsonObject[]): readonly JsonObject[] {
    const bundle = makeBundle(objects);
    if (!bundle.ok) throw new Error(bundle.errors[0]?.message);
    return JSON.parse(bundle.json) as JsonObject[];
  }

  it('has all of the odd manifests', async () => {
    expect((await readdir(fixtures)).sort()).toEqual(files.map(([file]) => file).sort());
  });

  const files: readonly (readonly [file: string, count: number])[] = [
    ['empties.yaml', 11],
    ['exports.yaml', 2],
    ['lists.yaml', 3],
    ['living.yaml', 6],
    ['nulls.yaml', 7],
    ['ports.yaml', 11],
    ['quantities.yaml', 6],
    ['words.yaml', 5],
  ];
  it.each(files)('brings %s to healthy, and a second pass is all no-op', async (file, count) => {
    const objects = bundled(await render(file, 'yaml'));
    expect(objects).toHaveLength(count);
    await BigRig.use(async (big) => {
      await big.rig.start();
      await big.bring(objects, 60_000);
      await big.expectNoOp(objects, 60_000);
    });
  });

  // kustomize reads YAML 1.2, takes no list that is empty, and writes nulls in annotations and texts otherwise than it reads them.
  it.each(files.filter(([file]) => !/empties|lists|nulls|words/.test(file)))(
    'reads %s the same through kustomize',
    async (file) => {
      expect(bundled(await render(file, 'kustomize'))).toEqual(bundled(await render(file, 'yaml')));
    },
  );

  it('refuses a generated name with the way to mend it, in a List too', async () => {
    await mkdir(path.join(folder, 'generated'), { recursive: true });
    const job = '{ apiVersion: batch/v1, kind: Job, metadata: { generateName: migrate- } }';
    await writeFile(path.join(folder, 'generated/job.yaml'), `apiVersion: v1\nkind: List\nitems:\n  - ${job}\n`);
    const { objects } = await openRenderer({ kustomizePath, log }).render({
      folder,
      path: 'generated',
      renderer: 'auto',
    });
    const message = 'Job (object 1) has metadata.generateName: each apply would make another one; give it a name';
    expect(makeBundle(objects)).toEqual({ ok: false, errors: [{ code: 'generate-name', message }] });
  });

  it('brings an aggregated role to healthy and leaves its rules to the controller that fills them in', () =>
    BigRig.use(async (big) => {
      const label = { [`${big.rig.application}.example.com/part`]: 'yes' };
      const role = (name: string, more: JsonObject): JsonObject => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: `${big.rig.application}-${name}`, ...(name === 'part' && { labels: label }) },
        ...more,
      });
      const rules = [{ apiGroups: ['example.com'], resources: ['widgets'], verbs: ['get'] }];
      const objects = [
        role('part', { rules }),
        role('whole', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: label }] }, rules: [] }),
      ];
      await big.rig.start();
      await big.bring(objects);
      const where = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${big.rig.application}-whole`;
      const filled = await big.rig.live(
        where,
        (live) => JSON.stringify(live?.['rules'] ?? []).includes('widgets'),
        30_000,
      );
      expect(filled).not.toBeNull();
      await big.expectNoOp(objects);
    }));
});
