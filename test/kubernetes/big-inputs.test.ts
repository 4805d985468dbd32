import { describe, expect, it } from '@jest/globals';
import type { JsonObject, KubeObject } from '#domain';
import { BIG_BUNDLE_KINDS, bigBundle } from '../helpers/big-bundles.js';
import { BigRig } from './big-rig.js';

describe('an agent on a real control plane, with big inputs', () => {
  const bundle = ({ rig }: BigRig, objects: number): readonly KubeObject[] =>
    bigBundle({ objects, namespace: rig.cluster.namespace, application: rig.application, seed: objects });

  it(
    'applies 500 objects of every kind, a second pass is all no-op, and takes them back',
    () =>
      BigRig.use(async (big) => {
        const objects = bundle(big, 500);
        expect(new Set(objects.map(({ kind }) => kind)).size).toBe(BIG_BUNDLE_KINDS);
        await big.rig.start();
        await big.bring(objects, 120_000);
        await big.expectNoOp(objects, 120_000);
        const [kept] = objects;
        await big.bring(kept === undefined ? [] : [kept], 120_000, { maxDeletions: 500 });
        expect(Object.keys(await big.versions(objects.filter(({ kind }) => !SLOW_TO_GO.has(kind))))).toHaveLength(1);
      }),
    600_000,
  );

  it(
    'applies 5,000 objects of every kind, and a second pass is all no-op',
    () =>
      BigRig.use(async (big) => {
        const objects = bundle(big, 5_000);
        await big.rig.start();
        await big.bring(objects, 300_000);
        await big.expectNoOp(objects, 300_000);
      }),
    900_000,
  );

  it(
    'applies a definition of 900 KB with its custom resources, and a second pass is all no-op',
    () =>
      BigRig.use(async (big) => {
        const { application } = big.rig;
        const definition = largeDefinition(`${application}.example.com`);
        expect(JSON.stringify(definition).length).toBeGreaterThan(900_000);
        const resources = ['one', 'two'].map((name) => ({
          apiVersion: `${application}.example.com/v1`,
          kind: 'Archive',
          metadata: { name },
          spec: { field0: 'x', field999: 'y', nested: { list: [{ name: 'a' }, { name: 'b' }] } },
        }));
        const objects = [definition, ...resources];
        await big.rig.start();
        await big.bring(objects, 120_000);
        await big.expectNoOp(objects, 120_000);
      }),
    300_000,
  );
});

/** What finalizers hold for a while after its deletion. */
const SLOW_TO_GO = new Set(['Namespace', 'CustomResourceDefinition', 'Widget', 'PersistentVolumeClaim', 'Job']);

/** As operators have them, whose descriptions are manuals. */
function largeDefinition(group: string): JsonObject {
  const described = (text: string): JsonObject => ({
    type: 'string',
    description: `${text} ${'so it is said. '.repeat(58)}`,
  });
  const fields = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, at) => [`field${at}`, described(`Number ${at}.`)]),
  );
  const item = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, value: { type: 'string', default: '1' } },
  };
  const list = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: item };
  const spec = { type: 'object', properties: { ...fields, nested: { type: 'object', properties: { list } } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `archives.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Archive', plural: 'archives' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  };
}
