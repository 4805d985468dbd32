import { describe, expect, it } from '@jest/globals';
import { activityRequest, entryOfAudit, entryOfEvent, filtersOf, isoOf, localOf, newerThan } from './activity-query.js';
import { activitySearch } from './search.js';

const entry = (id: number) => ({ id, at: '2030-01-01T00:00:00.000Z', what: 'x', message: '' });

describe('what the address says of the activity', () => {
  const search = activitySearch({
    kind: 'audit',
    actor: 'token:ann',
    act: 'apply',
    cluster: 'eu-1',
    since: '2030-01-01T00:00:00Z',
  });

  it('becomes the filters that the hub knows, of each kind its own', () => {
    expect(activityRequest('audit', search)).toEqual({
      path: '/api/v1/audit',
      query: { actor: 'token:ann', act: 'apply', object: undefined, from: '2030-01-01T00:00:00Z', to: undefined },
    });
    expect(activityRequest('events', search)).toMatchObject({
      path: '/api/v1/events',
      query: { actor: 'token:ann', cluster: 'eu-1', since: '2030-01-01T00:00:00Z' },
    });
    expect(filtersOf('audit', search)).toEqual(['actor', 'act', 'since']);
    expect(filtersOf('events', search)).toEqual(['actor', 'cluster', 'since']);
  });

  it('is nothing where it is no such word', () => {
    expect(activitySearch({ kind: 'all', actor: '' })).toMatchObject({ kind: undefined, actor: undefined });
  });
});

describe('what happened', () => {
  it('leads to what it is about', () => {
    const audit = (object: string) =>
      entryOfAudit({ ...{ id: 1, at: '', actor: 'a', act: 'apply', object }, previous: '', hash: '' });
    expect(audit('Application/web')).toMatchObject({ what: 'apply', message: 'Application/web', application: 'web' });
    expect(audit('Rollout/web-1').rollout).toBe('web-1');
    expect(audit('Cluster/eu.one').cluster).toBe('eu.one');
    expect(audit('Fleet')).not.toHaveProperty('cluster');
    const event = { ...{ id: 2, seq: 1, at: '', application: '', event: 'frozen', message: 'm' }, actor: 'a' };
    expect(entryOfEvent(event)).toEqual({ id: 2, at: '', what: 'frozen', message: 'm', actor: 'a' });
  });

  it('is counted where it is newer than what is shown', () => {
    const of = (...ids: number[]) => ids.map(entry);
    expect(newerThan(of(5, 4, 3), of(3, 2))).toEqual({ count: 2, isMore: false });
    expect(newerThan(of(9, 8, 7), of(3, 2))).toEqual({ count: 3, isMore: true });
    expect(newerThan(of(3), of(3))).toEqual({ count: 0, isMore: false });
    expect(newerThan([], [])).toEqual({ count: 0, isMore: false });
    expect(newerThan(of(1), [])).toEqual({ count: 1, isMore: false });
  });
});

describe('a moment', () => {
  it('goes to the field of a form and back', () => {
    expect(isoOf(localOf('2030-01-31T15:00:00.000Z'))).toBe('2030-01-31T15:00:00.000Z');
    expect(localOf('soon')).toBe('');
    expect(isoOf('')).toBeUndefined();
  });
});
