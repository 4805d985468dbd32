import { describe, expect, it } from '@jest/globals';
import { apiError } from './api-error.js';
import { errorText, SecretMask } from './mask-secret.js';

const error = (message: string, causes: { field: string; message: string }[] = []) =>
  apiError({ status: 422, body: { message, reason: 'Invalid', details: { causes } } });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretOf = (stringData: Readonly<Record<string, string>>, data: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db' },
  stringData,
  data,
});
const secret = secretOf({ token: 'plain-token' }, { password: base64('hunter2') });

describe('what is told of a refused Secret', () => {
  it.each([
    ['as it is written', `bad value ${base64('hunter2')} here`],
    ['as it reads', 'bad value hunter2 here'],
    ['from stringData', 'cannot take plain-token'],
    ['encoded from stringData', `cannot take ${base64('plain-token')}`],
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

  it('holds no value that stands where the text is cut', () => {
    const value = 'a-token-that-stands-at-the-end';
    const text = errorText(error(`${'x'.repeat(490)}${value}`), secretOf({ value }));
    expect(text).not.toContain(value.slice(0, 6));
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

it("hides another object's Secret in what the API server echoes of this one", () => {
  const map = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } };
  const mask = SecretMask.of([map, secretOf({ password: 'correct horse battery' })]);
  const value = `Invalid value: {"env":[{"name":"DB","value":"correct horse battery"}],"x":"${'y'.repeat(400)}"}: no`;
  const long = [{ field: 'spec.template', message: value }];
  for (const text of [errorText(error(value), map, mask), errorText(error(value, long), map, mask)]) {
    expect(text).not.toContain('correct');
    expect(text).toMatch(/no$/);
  }
});

describe('the mask of an application', () => {
  const pem = `-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7VJTU\n-----END KEY-----\n`;
  const env = 'DB_HOST=db\nDB_PASSWORD=s3cr3t-pass\nURL=postgres://app:in-the-url@db/app\n';
  const json = '{"auths":{"registry.example":{"password":"dockerpass","auth":"YXBwOmRvY2tlcnBhc3M="}}}';
  const quoted = 'with "quotes" & <angles>\tand tabs';
  const binary = Buffer.from([0xff, 0xfe, 0x00, 0x81, 0x90, 0xaa, 0xbb, 0xcc]).toString('base64');
  const mask = SecretMask.of([secretOf({ pem, env, json, quoted, six: 'sixsix', five: 'fives' }, { binary })]);

  it.each([
    ['a value', 'bad sixsix here', 'bad (hidden) here'],
    ['a value in base64', `bad ${base64('sixsix')}!`, 'bad (hidden)!'],
    ['two of them', 'sixsix,sixsix', '(hidden),(hidden)'],
    ['one line of a file', 'cannot parse MIIEvQIBADANBgkqhkiG9w0BAQEF (line 2)', 'cannot parse (hidden) (line 2)'],
    ['a setting of a file', 'password s3cr3t-pass is wrong', 'password (hidden) is wrong'],
    ['the password of a URL', 'user app, password in-the-url', 'user app, password (hidden)'],
    ['a text inside a JSON', 'denied: dockerpass', 'denied: (hidden)'],
    ['a value as JSON quotes it', `got ${JSON.stringify(quoted)}.`, 'got "(hidden)".'],
    [
      'a value as Go quotes it in JSON',
      'got with \\"quotes\\" \\u0026 \\u003cangles\\u003e\\tand tabs.',
      'got (hidden).',
    ],
    ['bytes that are no text', `got ${binary}`, 'got (hidden)'],
    ['a value in a URL', `/x?y=${encodeURIComponent(quoted)}&z`, '/x?y=(hidden)&z'],
    ['a long beginning of a value', 'got -----BEGIN KEY-----\nMIIEvQ and more', 'got (hidden) and more'],
    ['a beginning that was cut off', 'wrong s3cr3t-…', 'wrong (hidden)…'],
    ['a beginning that was cut off by dots', 'wrong "dockerp..."', 'wrong "(hidden)..."'],
  ])('hides %s', (_what, text, hidden) => {
    expect(mask.hide(text)).toBe(hidden);
  });

  it('hides a whole file however it is written', () => {
    for (const text of [pem, base64(pem), JSON.stringify(pem), pem.replaceAll('\n', ' ')]) {
      expect(mask.hide(text)).not.toMatch(/MIIE|AASC|TUlJ/);
    }
  });

  it('leaves what is no value, and what is too short to be told from a word', () => {
    const text = 'fives, and a sentence with six, sixsi and DB_PASSWORD in it';
    expect(mask.hide(text)).toBe(text);
    expect(SecretMask.of([{ ...secret, kind: 'ConfigMap' }])).toBe(SecretMask.none);
    expect(SecretMask.none.hide('plain-token')).toBe('plain-token');
  });

  it('hides all of a large value, beyond what is remembered of it too', () => {
    const large = Array.from({ length: 4000 }, (_, at) => at.toString(36)).join('-');
    const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, at) => 0xfe ^ ((at * 31) & 0xff))).toString('base64');
    const big = SecretMask.of([secretOf({ large }, { bytes })]);
    expect(big.hide(`a ${large} b`)).toBe('a (hidden)');
    expect(big.hide(`a ${base64(large)} b`)).toBe('a (hidden)');
    expect(big.hide(`a ${bytes} b`)).toBe('a (hidden)');
  });

  it('hides every line of a file as large as a Secret can be', () => {
    const lines = Array.from({ length: 100_000 }, (_, at) => `line-${at}`);
    const file = SecretMask.of([secretOf({ file: lines.join('\n') })]);
    expect(file.hide('bad line-12345, line-99999 and line-x')).toBe('bad (hidden), (hidden) and line-x');
  });

  it('gives equal values equal marks, however they are written', () => {
    const mark = (value: string): string => `<${value.length}>`;
    expect(mask.hide(`sixsix ${base64('sixsix')}`, mark)).toBe('<6> <6>');
    expect(mask.hideIn({ a: ['x sixsix'], b: { sixsix: 1 }, c: null, d: true }, mark)).toEqual({
      a: ['x <6>'],
      b: { sixsix: 1 },
      c: null,
      d: true,
    });
  });

  it('hides what either of two hides', () => {
    const both = SecretMask.of([secretOf({ a: 'former-value' })]).with(
      SecretMask.of([secretOf({ a: 'present-value' })]),
    );
    expect(both.hide('former-value present-value')).toBe('(hidden) (hidden)');
    expect(both.with(both)).toBe(both);
    expect(SecretMask.none.with(both)).toBe(both);
    expect(both.with(SecretMask.none)).toBe(both);
  });
});
