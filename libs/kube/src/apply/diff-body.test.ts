import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { diffBody } from './diff-body.js';
import { SecretMask } from './mask-secret.js';
import { makeSecretMarks } from './secret-marks.js';

const mark = makeSecretMarks('SUSEED');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret: JsonObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'db',
    uid: 'u',
    resourceVersion: '7',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:data': { 'f:password': {} } } }],
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"password":"b3Blbi1zZXNhbWU="}}' },
    labels: { app: 'db' },
  },
  data: { password: base64('open-sesame'), pin: base64('1'), bytes: Buffer.from([255, 254, 0]).toString('base64') },
  status: { phase: 'x' },
};

describe('a body that is compared', () => {
  it('holds nothing that the API server writes by itself, and of a Secret marks alone, of short values too', () => {
    expect(diffBody(secret, [], mark)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'db', labels: { app: 'db' } },
      data: { password: mark('open-sesame'), pin: mark('1'), bytes: mark('//4A') },
    });
  });

  it('holds no value of what was encrypted in Git and is no Secret, however short', () => {
    const map = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', annotations: { 'flotilla.dev/encrypted': 'sops' } },
      data: { pin: '1', list: ['x', true] },
    };
    const shown = diffBody(map, [], mark);
    expect(shown['metadata']).toEqual(map.metadata);
    expect(shown['data']).toEqual({ pin: mark('"1"'), list: [mark('"x"'), mark('true')] });
  });

  it('keeps other annotations, and hides in whatever text what Secrets hold, by the same marks', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', annotations: { note: 'uses open-sesame' } },
      spec: {
        env: [
          { name: 'PASSWORD', value: 'open-sesame' },
          { name: 'AGAIN', value: base64('open-sesame') },
        ],
      },
    };
    expect(diffBody(deployment, [SecretMask.of([secret])], mark)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', annotations: { note: `uses ${mark('open-sesame')}` } },
      spec: {
        env: [
          { name: 'PASSWORD', value: mark('open-sesame') },
          { name: 'AGAIN', value: mark('open-sesame') },
        ],
      },
    });
  });

  it('hides values of a shape that no Secret should have', () => {
    const odd = { ...secret, data: ['a'], stringData: { number: 12, nested: { a: 'b' }, text: 'c' } } as JsonObject;
    expect(diffBody(odd, [], mark)).toMatchObject({
      data: expect.stringMatching(/^\(hidden/),
      stringData: { number: mark('12'), nested: mark('{"a":"b"}'), text: mark('c') },
    });
  });
});

it('makes marks that are equal for equal values of one agent, and others of another', () => {
  expect(mark('a')).toMatch(/^\(hidden [0-9a-f]{8}\)$/);
  expect(makeSecretMarks('SUSEED')('a')).toBe(mark('a'));
  expect(makeSecretMarks('SUOTHER')('a')).not.toBe(mark('a'));
  expect(mark('b')).not.toBe(mark('a'));
});
