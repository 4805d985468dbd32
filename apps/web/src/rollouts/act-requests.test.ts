import { describe, expect, it } from '@jest/globals';
import { actRequest, NO_FIELDS } from './act-requests.js';
import type { ActId } from './offered-acts.js';

const web = { id: 'web-2', application: 'web', release: 7 };
const body = (id: ActId, fields: object = {}, clusters?: readonly string[]) =>
  actRequest(web, { id, verb: id, ...(clusters && { clusters }) }, { ...NO_FIELDS, ...fields }, 'd1').body;

describe('the request of an act', () => {
  it('carries what the dialog’s fields say, and nothing that was left alone', () => {
    expect(body('pause')).toEqual({});
    expect(body('pause', { hard: true })).toEqual({ hard: true });
    expect(body('resume', { accept: true })).toEqual({ accept: true });
    expect(body('rollback')).toEqual({});
    expect(body('rollback', { withoutPrevious: 'withdraw' })).toEqual({ withoutPrevious: 'withdraw' });
    expect(body('skip', { wave: 'rest' })).toEqual({ wave: 'rest' });
    expect(body('skip', { wave: 'rest' }, ['a-1'])).toEqual({ clusters: ['a-1'] });
    expect(body('retry', {}, ['a-1'])).toEqual({ clusters: ['a-1'] });
    expect(body('cancel')).toEqual({});
  });

  it('approves the plan that was seen, and no other', () => {
    expect(body('approve')).toEqual({ plan: 'd1' });
    expect(body('approve', { wave: 'rest' })).toEqual({ plan: 'd1', wave: 'rest' });
  });

  it('says in its title what is meant, and whom', () => {
    const title = (id: ActId, clusters?: readonly string[]): string =>
      actRequest(web, { id, verb: id, ...(clusters && { clusters }) }, NO_FIELDS, undefined).title;
    expect(title('pause')).toBe('Pause web-2');
    expect(title('skip')).toBe('Skip a wave of web-2');
    expect(title('skip', ['a-1', 'a-2'])).toBe('Skip a-1, a-2 in web-2');
    expect(title('rollback')).toBe('Roll back release 7 of web');
  });

  it('wants a reason for what can not be taken back easily', () => {
    const reasons = (['rollback', 'cancel', 'skip', 'reject', 'pause', 'approve'] as const).map(
      (id) => actRequest(web, { id, verb: id }, NO_FIELDS, undefined).reason,
    );
    expect(reasons).toEqual(['required', 'required', 'required', 'required', 'optional', 'optional']);
  });
});
