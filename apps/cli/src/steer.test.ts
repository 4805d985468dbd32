import { expect, it } from '@jest/globals';
import { share, sinceTime, untilTime } from './options.js';
import { severalText } from './commands/rollback.js';
import { changesText } from './steer.js';

it('lists what a command did, and says so when it was a dry run', () => {
  expect(changesText(['rollout web-1 paused'], undefined)).toBe('- rollout web-1 paused\n');
  expect(changesText(['rollout web-1 paused'], true)).toBe(
    'Dry run, nothing was done. It would be so:\n- rollout web-1 paused\n',
  );
});

it('tells for each of several rollbacks what was refused', () => {
  const refused = { code: 'no-rollout', message: 'there was no rollout yet' };
  expect(severalText({ results: [{ application: 'web', refused }] })).toBe('web: refused: there was no rollout yet\n');
  expect(severalText({ results: [] })).toMatch(/^Nothing to take back/);
});

it('takes a time as it is or as a duration from now, back or ahead', () => {
  expect(sinceTime('2030-01-31T15:00:00+01:00')).toBe('2030-01-31T14:00:00.000Z');
  expect(Date.now() - Date.parse(sinceTime('2h'))).toBeGreaterThanOrEqual(7_200_000);
  expect(Date.parse(untilTime('2h')) - Date.now()).toBeGreaterThan(7_100_000);
  for (const bad of ['yesterday', '0s', '2030-13-45T99:00:00Z', '2030-01-31']) {
    expect(() => untilTime(bad)).toThrow(/duration such as 2h, or a time such as/);
  }
});

it.each([
  ['5%', 0.05],
  ['0.05', 0.05],
  ['0', 0],
  ['100%', 1],
])('takes %s as a share', (text, value) => expect(share(text)).toBe(value));

it.each(['101%', '-1', '', 'many', '1.5'])('refuses "%s" as a share', (text) => {
  expect(() => share(text)).toThrow(/share such as 5% or 0.05/);
});
