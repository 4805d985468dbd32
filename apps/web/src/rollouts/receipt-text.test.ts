import { expect, it } from '@jest/globals';
import type { ReceiptView } from '#contract';
import { isBack, wantedText } from './receipt-text.js';

type Line = ReceiptView['clusters'][number];

const line = (more: Partial<Line>): Line => ({
  ...{ cluster: 'a-1', uid: 'u', state: 'passed' },
  wanted: { release: 1, overlay: 'apps/web', digest: 'old' },
  runs: { digest: 'old', generation: 3, release: 1, at: '2030-01-01T00:00:00.000Z' },
  ...more,
});

it('a cluster is back when its agent says that it runs what it was told', () => {
  expect(isBack(line({}))).toBe(true);
  expect(isBack(line({ runs: { digest: 'new', generation: 2, release: 2, at: '2030-01-01T00:00:00.000Z' } }))).toBe(
    false,
  );
  expect(isBack(line({ runs: null }))).toBe(false);
  expect(isBack(line({ state: 'deferred' }))).toBe(false);
});

it('who keeps what it has is where it is to be, and who gives it up is once that is done', () => {
  expect(isBack(line({ wanted: 'keep', state: 'skipped', runs: null }))).toBe(true);
  expect(isBack(line({ wanted: 'withdraw', state: 'assigned' }))).toBe(false);
  expect(isBack(line({ wanted: 'withdraw', state: 'passed' }))).toBe(true);
});

it('what is wanted is said in words', () => {
  expect([wantedText('keep'), wantedText('withdraw'), wantedText(line({}).wanted)]).toEqual([
    'what it holds',
    'nothing of it',
    'release 1',
  ]);
});
