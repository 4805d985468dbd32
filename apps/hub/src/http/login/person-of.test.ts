import { describe, expect, it } from '@jest/globals';
import { personOf } from './person-of.js';

const BY_GROUPS = { groupsClaim: 'groups', trustEmail: false };

describe('personOf', () => {
  it('takes subject, address and groups, each group once', () => {
    const claims = { sub: 'u1', email: 'Ada@Example.com', email_verified: true, groups: ['ops', 'admins', 'ops'] };
    expect(personOf(claims, BY_GROUPS)).toEqual({
      kind: 'person',
      subject: 'u1',
      email: 'ada@example.com',
      groups: ['admins', 'ops'],
    });
  });

  it('takes a single group that is no list, and a claim of another name', () => {
    expect(personOf({ sub: 'u1', roles: 'ops' }, { ...BY_GROUPS, groupsClaim: 'roles' }).groups).toEqual(['ops']);
  });

  it('knows nobody by an address that is not verified or not one', () => {
    const emailOf = (verified: unknown, trustEmail = false): string | null =>
      personOf({ sub: 'u1', email: 'ada@example.com', email_verified: verified }, { ...BY_GROUPS, trustEmail }).email;
    for (const verified of [true, 'true']) expect(emailOf(verified)).toBe('ada@example.com');
    for (const verified of [false, 'false', undefined, null, 1, 'yes']) expect(emailOf(verified)).toBeNull();
    expect(emailOf(undefined, true)).toBe('ada@example.com');
    for (const verified of [false, 'false', null]) expect(emailOf(verified, true)).toBeNull();
    for (const email of ['ada', 7, '', 'a@b\nc', `${'a'.repeat(250)}@example.com`]) {
      expect(personOf({ sub: 'u1', email, email_verified: true }, BY_GROUPS).email).toBeNull();
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
    expect(() => personOf(claims, BY_GROUPS)).toThrow(why);
  });
});
