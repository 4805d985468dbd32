import { expect, it } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { BugError, RejectedError, RetryableError } from '#kit';
import { toProblem } from './problem.filter.js';

it.each<[string, unknown, number, string]>([
  ['a rejection', new RejectedError('name-taken', 'Name x is taken', { status: 409 }), 409, 'name-taken'],
  ['a rejection of bad input', new RejectedError('invalid', 'no'), 400, 'invalid'],
  [
    'something that may work later',
    new RetryableError('database-unavailable', 'The database is away'),
    503,
    'database-unavailable',
  ],
  ['a bug of ours', new BugError('lost', 'secret detail'), 500, 'lost'],
  ['anything else', new TypeError('secret detail'), 500, 'internal'],
  ['an unknown route', new NotFoundException(), 404, 'no-such-route'],
  ['a body that is too large', Object.assign(new Error('too large'), { statusCode: 413 }), 413, 'bad-request'],
])('makes a problem of %s', (_what, error, status, code) => {
  const problem = toProblem(error);
  expect(problem).toMatchObject({ status, code });
  expect(JSON.stringify(problem)).not.toContain('secret detail');
});

it('names each bad field', () => {
  const fields = [{ path: 'spec.url', message: 'must be set' }];
  expect(toProblem(new RejectedError('invalid', 'x', { fields })).errors).toEqual(fields);
});
