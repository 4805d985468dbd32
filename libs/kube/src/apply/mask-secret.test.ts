import { describe, expect, it } from '@jest/globals';
import { apiError } from './api-error.js';
import { errorText } from './mask-secret.js';

const error = (message: string, causes: { field: string; message: string }[] = []) =>
  apiError({ status: 422, body: { message, reason: 'Invalid', details: { causes } } });
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db' },
  data: { password: Buffer.from('hunter2').toString('base64') },
  stringData: { token: 'plain-token' },
};

describe('what is told of a refused Secret', () => {
  it.each([
    ['as it is written', `bad value ${secret.data.password} here`],
    ['as it reads', 'bad value hunter2 here'],
    ['from stringData', 'cannot take plain-token'],
    ['encoded from stringData', `cannot take ${Buffer.from('plain-token').toString('base64')}`],
    ['as the API server quotes it', 'data.x: Invalid value: "some \\" other secret": must be y'],
    ['as a structured value', 'expected string, got &value.valueUnstructured{Value:12345678}'],
  ])('holds no value %s', (_how, message) => {
    const text = errorText(error(message), secret);
    expect(text).not.toMatch(/hunter2|plain-token|other secret|12345678|aHVudGVy|cGxhaW4/);
    expect(text).toContain('(hidden)');
  });

  it('keeps the rest of the words', () => {
    expect(errorText(error('Secret "db" is invalid: type: Required value'), secret)).toBe(
      'Secret "db" is invalid: type: Required value',
    );
  });
});

it('tells of other kinds what the API server said, and of a whole template only its end', () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  expect(errorText(error('a\n  b'), map)).toBe('a b');
  const long = `Invalid value: {"spec":${'x'.repeat(600)}}: field is immutable`;
  const text = errorText(error(`Job is invalid: ${long}`, [{ field: 'spec.template', message: long }]), map);
  expect(text.length).toBeLessThan(120);
  expect(text).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/);
});
