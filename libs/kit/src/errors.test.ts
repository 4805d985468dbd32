import { expect, it } from '@jest/globals';
import { RejectedError } from './errors.js';

it('shows nothing of a message that moves the cursor or turns the line around', () => {
  const { message } = new RejectedError('x', 'a\u001b[2Jb \u202egnp.exe\u0007\u2066: \u0085c\n\td');
  expect(message).toBe('a [2Jb  gnp.exe :  c\n\td');
});
