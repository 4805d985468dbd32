import { expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  booleanSetting,
  configHelp,
  configTable,
  describeConfig,
  integerSetting,
  parseConfig,
  setting,
  urlSetting,
} from './config.js';

const schema = z.object({
  port: setting(integerSetting(0, 65535).default(8080), { env: 'FLOTILLA_PORT', description: 'TCP port of the API.' }),
  metrics: setting(booleanSetting().default(true), { env: 'FLOTILLA_METRICS', description: 'Serve metrics.' }),
  database: setting(urlSetting(['postgres:', 'postgresql:']).optional(), {
    env: 'DATABASE_URL',
    description: 'PostgreSQL to use in place of the embedded one.',
    secret: true,
  }),
  mode: setting(z.enum(['a', 'b']), { env: 'FLOTILLA_MODE', description: 'a | b.' }),
});

it('reads values and defaults, and takes an empty variable for an unset one', () => {
  const env = { FLOTILLA_PORT: ' 1234 ', FLOTILLA_METRICS: 'no', DATABASE_URL: '', FLOTILLA_MODE: 'b', OTHER: 'x' };
  expect(parseConfig(schema, env)).toEqual({ port: 1234, metrics: false, mode: 'b' });
  expect(parseConfig(schema, { FLOTILLA_MODE: 'a' })).toEqual({ port: 8080, metrics: true, mode: 'a' });
});

it('names every bad setting by its variable with the mend, and never shows a secret’s value', () => {
  const read = () =>
    parseConfig(schema, { FLOTILLA_PORT: '99999', FLOTILLA_METRICS: 'perhaps', DATABASE_URL: 'mysql://u:pw@h' });
  expect(read).toThrow('FLOTILLA_PORT, FLOTILLA_METRICS, DATABASE_URL, FLOTILLA_MODE');
  let thrown: unknown;
  try {
    read();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    kind: 'rejected',
    code: 'config-invalid',
    details: {
      fields: [
        { path: 'FLOTILLA_PORT', message: 'must be a whole number from 0 to 65535, is "99999" (TCP port of the API.)' },
        { path: 'FLOTILLA_METRICS', message: 'must be true or false, is "perhaps" (Serve metrics.)' },
        {
          path: 'DATABASE_URL',
          message:
            'must be a URL that begins with postgres:// or postgresql:// (PostgreSQL to use in place of the embedded one.)',
        },
        { path: 'FLOTILLA_MODE', message: 'must be set (a | b.)' },
      ],
    },
  });
});

it.each(['1e3', '0x10', '1.5', '12 34', '99999999999999999999'])('refuses %p as a whole number', (text) => {
  expect(() => parseConfig(schema, { FLOTILLA_MODE: 'a', FLOTILLA_PORT: text })).toThrow('FLOTILLA_PORT');
});

it('describes each setting with its default or that it must be set', () => {
  expect(describeConfig(schema)).toMatchObject([
    { env: 'FLOTILLA_PORT', required: false, fallback: '8080' },
    { env: 'FLOTILLA_METRICS', required: false, fallback: 'true' },
    { env: 'DATABASE_URL', required: false },
    { env: 'FLOTILLA_MODE', required: true },
  ]);
  expect(configHelp(schema).split('\n')).toEqual([
    '  FLOTILLA_PORT     TCP port of the API. (default: 8080)',
    '  FLOTILLA_METRICS  Serve metrics. (default: true)',
    '  DATABASE_URL      PostgreSQL to use in place of the embedded one.',
    '  FLOTILLA_MODE     a | b. (required)',
  ]);
  expect(configTable(schema)).toContain('| `FLOTILLA_MODE` | a \\| b. | required |');
});
