import { expect, it } from '@jest/globals';
import { BugError, RejectedError } from './errors.js';
import { createLogger, type LoggerOptions } from './logger.js';

function capture(options: LoggerOptions = {}) {
  const lines: string[] = [];
  const log = createLogger({ ...options, output: { write: (text: string) => lines.push(text) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> };
}

it('writes one JSON object a line with the fields of its parents', () => {
  const { log, lines, last } = capture({ fields: { part: 'hub' } });
  log.child({ step: 'ingest' }).info({ source: 'shop' }, 'read');
  expect(lines).toHaveLength(1);
  expect(last()).toMatchObject({ level: 'info', part: 'hub', step: 'ingest', source: 'shop', msg: 'read' });
  expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

it('writes nothing below its level', () => {
  const { log, lines } = capture({ level: 'warn' });
  log.info('no');
  log.child({ a: 1 }).debug('no');
  log.warn('yes');
  expect(lines).toHaveLength(1);
});

it('lets no secret out, whether in a field, a child’s field, an error or the message', () => {
  const { log, lines } = capture();
  const cause = new Error('https://u:p4ss@host');
  log.child({ token: 'tok-one' }).info({ nested: { password: 'tok-two' } }, 'at https://u:tok-three@host');
  log.error({ err: new BugError('x', 'Bearer tok-four-five', { seed: 'tok-six' }, { cause }) }, 'failed');
  log.error(new Error('Basic tok-seven=') as object);
  expect(lines.join('')).not.toMatch(/tok-|p4ss/);
});

it('shows a stack for our own faults alone', () => {
  const { log, last } = capture();
  log.warn({ err: new RejectedError('bad-name', 'The name is bad.') }, 'refused');
  expect(last()['err']).toEqual({ type: 'RejectedError', code: 'bad-name', message: 'The name is bad.' });
  log.error({ err: new BugError('odd', 'Odd.') }, 'bug');
  expect(last()['err']).toMatchObject({ stack: expect.stringContaining('logger.test') });
});

it('writes a short line for a person when told', () => {
  const { log, lines } = capture({ format: 'text' });
  log.info({ cluster: 'dev-1', reason: 'two words' }, 'joined');
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}joined cluster=dev-1 reason="two words"\n$/);
});
