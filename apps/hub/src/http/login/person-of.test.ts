import { describe, expect, it } from '@jest/globals';
import { personOf } from './person-of.js';

describe('personOf', () => {
  it('takes subject, address and groups, each group once', () => {
    const claims = { sub: 'u1', email: 'Ada@Example.com', groups: ['ops', 'admins', 'ops'] };
    expect(personOf(claims, 'groups')).toEqual({
      kind: 'person',
      subject: 'u1',
      email: 'ada@example.com',
      groups: ['admins', 'ops'],
    });
  });

  it('takes a single group that is no list, and a claim of another name', () => {
    expect(personOf({ sub: 'u1', roles: 'ops' }, 'roles').groups).toEqual(['ops']);
  });

  it('knows nobody by an address that is not verified or not one', () => {
    expect(personOf({ sub: 'u1', email: 'ada@example.com', email_verified: false }, 'groups').email).toBeNull();
    expect(personOf({ sub: 'u1', email: 'ada@example.com', email_verified: true }, 'groups').email).not.toBeNull();
    for (const email of ['ada', 7, '', 'a@b\nc', `${'a'.repeat(250)}@example.com`]) {
      expect(personOf({ sub: 'u1', email }, 'groups').email).toBeNull();
    }
  });

  it.each([
    [{}, /claim sub/],
    [{ sub: '' }, /claim sub/],
    [{ sub: 'ada\nadmin' }, /claim sub/],
    [{ sub: 'ada\u202enimda' }, /claim sub/],
    [{ sub: 'u1', groups: ['a\0'] }, /claim groups/],
    [{ sub: 'x'.repeat(256) }, /claim sub/],
    [{ sub: 'u1', groups: [1] }, /claim groups is no list of names/],
    [{ sub: 'u1', groups: { ops: true } }, /claim groups is no list of names/],
    [{ sub: 'u1', groups: Array.from({ length: 501 }, (_, at) => `g${at}`) }, /more than 500/],
  ])('refuses %p', (claims, why) => {
    expect(() => personOf(claims, 'groups')).toThrow(why);
  });
});
