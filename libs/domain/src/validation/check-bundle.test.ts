import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import { bundleCheck, neededVersions, type ServedApis } from './check-bundle.js';
import { schemaDocument } from './schema-document.js';

const ref = (name: string): JsonObject => ({ allOf: [{ $ref: `#/components/schemas/io.k8s.${name}` }], default: {} });
const text: JsonObject = { type: 'string', default: '' };
const gvk = (group: string, version: string, kind: string): JsonObject => ({
  'x-kubernetes-group-version-kind': [{ group, version, kind }],
});
const apps = schemaDocument('apps/v1', {
  components: {
    schemas: {
      'io.k8s.Deployment': {
        type: 'object',
        properties: { apiVersion: text, kind: text, metadata: ref('ObjectMeta'), spec: ref('DeploymentSpec') },
        ...gvk('apps', 'v1', 'Deployment'),
      },
      'io.k8s.DeploymentList': {
        properties: { metadata: { $ref: '#/components/schemas/io.k8s.ListMeta' } },
        ...gvk('apps', 'v1', 'DeploymentList'),
      },
      'io.k8s.DeleteOptions': gvk('apps', 'v1', 'DeleteOptions'),
      'io.k8s.ObjectMeta': {
        type: 'object',
        properties: {
          name: { type: 'string' },
          namespace: { type: 'string' },
          creationTimestamp: { type: 'string' },
          annotations: { type: 'object', additionalProperties: text },
        },
      },
      'io.k8s.DeploymentSpec': {
        type: 'object',
        required: ['selector', 'template', 'containers'],
        properties: {
          replicas: { type: 'integer' },
          paused: { type: 'boolean' },
          serviceName: text,
          selector: { type: 'object' },
          template: ref('ObjectMeta'),
          containers: { type: 'array', items: ref('Container') },
          strategy: { type: 'string', enum: ['Recreate', 'RollingUpdate'] },
          odd: { $ref: '#/components/schemas/io.k8s.Odd' },
        },
      },
      'io.k8s.Container': {
        type: 'object',
        required: ['name', 'value', 'count'],
        properties: {
          name: text,
          value: text,
          count: { type: 'integer', default: 0 },
          image: { type: 'string' },
          port: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
          cpu: { oneOf: [{ type: 'string' }, { type: 'number' }] },
        },
      },
      // It is what it is: whoever wrote this may have no good in mind.
      'io.k8s.Odd': { $ref: '#/components/schemas/io.k8s.Odd' },
    },
  },
});
const served: ServedApis = {
  groupVersions: new Set(['v1', 'apps/v1', 'batch/v1']),
  documents: new Map([['apps/v1', apps]]),
  kubernetes: '1.33',
};
const deployment = (spec: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } },
  spec: { selector: {}, containers: [{ name: 'main' }], ...spec },
  ...more,
});
const custom = (schema: JsonObject | undefined, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    ...{ group: 'example.com', names: { kind: 'Widget' }, ...more },
    versions: [{ name: 'v1', served: true, ...(schema && { schema: { openAPIV3Schema: schema } }) }],
  },
});
const widget = (spec: JsonObject): JsonObject => ({
  ...{ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec },
});
const told = (object: JsonObject, apis = served, others: readonly JsonObject[] = []): readonly string[] =>
  bundleCheck(
    [...others, object],
    apis,
  )(object).map(({ severity, rule, field = '', message }) => `${severity} ${rule} ${field} ${message}`);

describe('an object before its clusters see it', () => {
  it.each<[string, JsonObject]>([
    ['is as its schema has it', deployment({ replicas: 2, strategy: 'Recreate' })],
    ['has nulls, which are as good as nothing', deployment({ replicas: null, oddly: null })],
    ['has what the API server fills in', deployment({ template: null })],
    ['has an empty choice', deployment({ strategy: '' })],
    ['has numbers where they may be', deployment({ containers: [{ name: 'a', port: 80, cpu: 0.5 }] })],
    ['has texts where they may be', deployment({ containers: [{ name: 'a', port: 'http', cpu: '500m' }] })],
    ['has a status that nobody applies', deployment({}, { status: { anything: true } })],
    ['is encrypted', deployment({ replicas: 'ENC[AES256_GCM,data:x,type:int]' }, { sops: { mac: 'x' } })],
    ['has a schema without end', deployment({ odd: { anything: 1 } })],
  ])('passes where it %s', (_what, object) => {
    expect(told(object)).toEqual([]);
  });

  it.each<[string, JsonObject, string]>([
    [
      'an unknown field',
      deployment({ containers: [{ name: 'a', imag: 'x' }] }),
      'refuse schema/unknown-field spec.containers[0].imag is no field there: did you mean image?',
    ],
    ['a field of another place', deployment({}, { zzz: 1 }), 'refuse schema/unknown-field zzz is no field there'],
    [
      'another case',
      deployment({ Replicas: 1 }),
      'refuse schema/unknown-field spec.Replicas is no field there: did you mean replicas?',
    ],
    [
      'a text for a number',
      deployment({ replicas: '2' }),
      'refuse schema/type spec.replicas must be a whole number and is a text',
    ],
    [
      'a fraction',
      deployment({ replicas: 1.5 }),
      'refuse schema/type spec.replicas must be a whole number and is a number',
    ],
    [
      'a map for a list',
      deployment({ containers: { name: 'a' } }),
      'refuse schema/type spec.containers must be a list and is a map',
    ],
    [
      'a bare true in an annotation',
      deployment({}, { metadata: { name: 'web', annotations: { 'a.b/c': true } } }),
      'refuse schema/type metadata.annotations["a.b/c"] must be a text and is true or false (in quotes it is a text)',
    ],
    [
      'true for a port',
      deployment({ containers: [{ name: 'a', port: true }] }),
      'refuse schema/type spec.containers[0].port must be a whole number or a text and is true or false (in quotes it is a text)',
    ],
    [
      'no name where one must be',
      deployment({ containers: [{ image: 'x' }] }),
      'refuse schema/required spec.containers[0].name must be set',
    ],
    ['none of the required', deployment({ selector: null }), 'refuse schema/required spec.selector must be set'],
    [
      'a choice that is none',
      deployment({ strategy: 'Fast' }),
      'refuse schema/enum spec.strategy must be one of Recreate, RollingUpdate',
    ],
  ])('is refused with %s', (_what, object, expected) => {
    expect(told(object)).toEqual([expected]);
  });

  it('is refused where its kind is not served, with what may have been meant', () => {
    const of = (apiVersion: string, kind: string): JsonObject => ({ apiVersion, kind, metadata: { name: 'x' } });
    expect(told(of('apps/v2', 'Deployment'))).toEqual([
      'refuse api/unknown apiVersion apps/v2 is not served there: it serves apps/v1',
    ]);
    expect(told(of('batchs/v1', 'Job'))).toEqual([
      'refuse api/unknown apiVersion batchs/v1 is not served there: did you mean batch/v1?',
    ]);
    expect(told(of('apps/v1', 'Deploymnet'))).toEqual([
      'refuse api/unknown kind apps/v1 has no kind Deploymnet there: did you mean Deployment?',
    ]);
    const many = new Set(Array.from({ length: 2000 }, (_, at) => `apps/v${at + 3}`));
    expect(told(of('apps/v2', 'Deployment'), { groupVersions: many, documents: new Map() })[0]?.length).toBeLessThan(
      200,
    );
    expect(told(of('apps/v1', 'DeleteOptions'))[0]).toMatch(/has no kind DeleteOptions/);
    expect(told(of('apps/v1', 'DeploymentList'))[0]).toMatch(/has no kind DeploymentList/);
    expect(told(of('apps/v1', '__proto__'))[0]).toMatch(/has no kind __proto__/);
  });

  it('is told of versions that went and that will go, by the cluster’s own', () => {
    const cron = (apiVersion: string): JsonObject => ({ apiVersion, kind: 'CronJob', metadata: { name: 'x' } });
    const at = (kubernetes: string): ServedApis => ({ groupVersions: null, documents: new Map(), kubernetes });
    expect(told(cron('batch/v1beta1'), at('1.20'))).toEqual([]);
    expect(told(cron('batch/v1beta1'), at('1.21'))).toEqual([
      'warn api/deprecated apiVersion batch/v1beta1 is deprecated since Kubernetes 1.21 and not served from 1.25 on: use batch/v1',
    ]);
    expect(told(cron('batch/v1beta1'), at('1.25'))).toEqual([
      'refuse api/removed apiVersion batch/v1beta1 is not served since Kubernetes 1.25: use batch/v1',
    ]);
    expect(told(cron('batch/v1beta1'), { groupVersions: null, documents: new Map() })).toEqual([]);
    // A distribution that serves it still is believed.
    const odd = { groupVersions: new Set(['batch/v1beta1']), documents: new Map(), kubernetes: '1.30' };
    expect(told(cron('batch/v1beta1'), odd)).toEqual([]);
  });

  it('is held to the definition that comes with it, and to nothing where that says nothing', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          required: ['size', 'mode'],
          properties: {
            size: { type: 'integer' },
            mode: { type: 'string', default: '' },
            free: {
              type: 'object',
              'x-kubernetes-preserve-unknown-fields': true,
              properties: { a: { type: 'string' } },
            },
            pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
          },
        },
      },
    };
    const fine = widget({ size: 1, free: { b: 1 }, pod: { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: {} } });
    expect(told(fine, served, [custom(schema)])).toEqual([]);
    expect(told(widget({ sise: 1, free: { a: 1 } }), served, [custom(schema)])).toEqual([
      'refuse schema/unknown-field spec.sise is no field there: did you mean size?',
      'refuse schema/type spec.free.a must be a text and is a whole number',
      'refuse schema/required spec.size must be set',
    ]);
    expect(told(widget({ anything: 1 }), served, [custom(undefined)])).toEqual([]);
    expect(told(widget({ anything: 1 }), served, [custom(schema, { preserveUnknownFields: true })])).toEqual([]);
    const service = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      spec: { group: 'example.com', version: 'v1' },
    };
    expect(told(widget({}), served, [service])).toEqual([]);
    expect(told(widget({}))[0]).toMatch(/^refuse api\/unknown/);
    expect(neededVersions([custom(schema), fine, deployment({})])).toEqual(['apiextensions.k8s.io/v1', 'apps/v1']);
  });

  it('is told of twenty problems at most, and never of a value', () => {
    const secret = 'hunter2-hunter2';
    const containers = Array.from({ length: 60 }, () => ({ name: 'a', image: 7, [`x${secret.length}`]: secret }));
    const all = told(deployment({ containers }));
    expect(all).toHaveLength(20);
    expect(all.join()).not.toContain(secret);
  });
});
