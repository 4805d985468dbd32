import { describe, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { BigRig } from './big-rig.js';

const text = { type: 'string' };

/** Every way in which a structural schema lets the API server change what it is given. */
const spec: JsonObject = {
  type: 'object',
  properties: {
    intOrText: { 'x-kubernetes-int-or-string': true },
    patterned: { 'x-kubernetes-int-or-string': true, pattern: '^[0-9]+%?$' },
    quantity: { 'x-kubernetes-int-or-string': true, default: '1Gi' },
    duration: { type: 'string', format: 'duration' },
    time: { type: 'string', format: 'date-time' },
    float: { type: 'number' },
    byDefault: {
      type: 'object',
      default: { level: 'info' },
      properties: { level: text, more: { ...text, default: 'x' } },
    },
    nullable: { ...text, nullable: true },
    nullableWithDefault: { ...text, nullable: true, default: 'd' },
    notNullable: { ...text, default: 'd' },
    list: { type: 'array', items: text },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    keyed: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port', 'protocol'],
      items: {
        type: 'object',
        required: ['port'],
        properties: { port: { type: 'integer' }, protocol: { ...text, default: 'TCP' }, note: text },
      },
    },
    atomicMap: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: text },
    map: { type: 'object', additionalProperties: { type: 'integer' } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    embedded: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  },
};

const specs: Readonly<Record<string, JsonObject>> = {
  numbers: { intOrText: 80, patterned: '50%', quantity: '1024Mi', float: 1.5, map: { a: 1, b: 0 } },
  words: { intOrText: '80', duration: '60m', time: '2026-01-02T03:04:05+01:00', float: 2, quantity: 1 },
  empties: { list: [], set: [], keyed: [], map: {}, atomicMap: {}, free: {}, byDefault: {} },
  nulls: { nullable: null, nullableWithDefault: null, notNullable: null, free: { a: null, b: [null] } },
  keyed: {
    keyed: [{ port: 53, protocol: 'UDP' }, { port: 53 }, { port: 80, note: 'x' }],
    set: ['b', 'a'],
    list: ['a', 'a'],
  },
  free: { free: { enabled: true, items: [{ a: 1 }, []], deep: { 'a.b/c': '~' } }, atomicMap: { a: '1', b: '2' } },
  embedded: { embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', creationTimestamp: null }, spec: {} } },
};

describe('an agent on a real control plane, with custom resources of every shape', () => {
  it('brings them to healthy with their definition, and a second pass is all no-op', () =>
    BigRig.use(async (big) => {
      const group = `${big.rig.application}.example.com`;
      const version = (name: string, storage: boolean): JsonObject => ({
        ...{ name, storage, served: true },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.map.a', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      });
      const definition: JsonObject = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `shapes.${group}`, creationTimestamp: null, annotations: {} },
        spec: {
          group,
          scope: 'Namespaced',
          preserveUnknownFields: false,
          conversion: { strategy: 'None' },
          names: {
            kind: 'Shape',
            plural: 'shapes',
            listKind: 'ShapeList',
            singular: 'shape',
            shortNames: [],
            categories: [],
          },
          versions: [version('v1beta1', false), version('v1', true)],
        },
        // As older generators wrote it.
        status: { acceptedNames: { kind: '', plural: '' }, conditions: [], storedVersions: [] },
      };
      const shape = (apiVersion: string, prefix: string): readonly JsonObject[] =>
        Object.entries(specs).map(([name, each]) => ({
          apiVersion: `${group}/${apiVersion}`,
          kind: 'Shape',
          metadata: { name: `${prefix}${name}` },
          spec: each,
          status: { phase: 'Written by hand' },
        }));
      const objects = [definition, ...shape('v1', ''), ...shape('v1beta1', 'old-')];
      await big.rig.start();
      await big.bring(objects, 60_000);
      await big.expectNoOp(objects, 60_000);
    }));
});
