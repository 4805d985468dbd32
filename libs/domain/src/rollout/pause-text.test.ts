import { expect, it } from '@jest/globals';
import { pauseReason, pauseText } from './pause-text.js';

it.each([
  [{ actor: 'token:ann', reason: 'lunch' }, 'lunch'],
  [{ actor: 'user:ann@example.com', reason: 'why: because\nof this', hard: true }, 'why: because\nof this'],
  [{ actor: 'fleet:fleet', reason: 'paused by token:ann: lunch' }, 'paused by token:ann: lunch'],
  [{ actor: 'token:ann' }, null],
])('the reason of a pause is what was given for it: %j', (by, reason) => {
  expect(pauseReason(pauseText(by))).toBe(reason);
});
