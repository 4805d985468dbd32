import { expect, it } from '@jest/globals';
import { BugError, RejectedError } from './errors.js';
import { describeFailure } from './run-main.js';

it('tells what a person can mend in one sentence and its bad fields below', () => {
  const error = new RejectedError('config-invalid', 'These settings need a change.', {
    fields: [{ path: 'FLOTILLA_PORT', message: 'must be a number' }],
  });
  expect(describeFailure(error)).toBe('These settings need a change.\n  FLOTILLA_PORT: must be a number');
});

it('tells a system’s error by its message alone', () => {
  const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), {
    syscall: 'connect',
    code: 'ECONNREFUSED',
  });
  expect(describeFailure(error)).toBe('connect ECONNREFUSED 127.0.0.1:5432');
});

it('shows the stack of a bug', () => {
  expect(describeFailure(new BugError('odd', 'Odd.'))).toContain('run-main.test');
});
