import { describe, expect, it } from '@jest/globals';
import type { Whoami } from '#contract';
import { whyNot, whyNotEverywhere } from './rights.js';

const me = (...grants: Whoami['grants']): Whoami => ({
  actor: 'token:ann',
  role: grants[0]?.role ?? 'viewer',
  grants,
  via: 'session',
});

describe('what somebody may do to an application', () => {
  it('is everything for an admin, and nothing but looking for a viewer', () => {
    expect(whyNot(me({ role: 'admin' }), 'approver', 'web')).toBeNull();
    expect(whyNot(me({ role: 'viewer' }), 'viewer', 'web')).toBeNull();
    expect(whyNot(me({ role: 'viewer' }), 'operator', 'web')).toContain('needs the role operator');
  });

  it('does not make an operator an approver, nor the other way round', () => {
    expect(whyNot(me({ role: 'operator' }), 'approver', 'web')).toContain('needs the role approver');
    expect(whyNot(me({ role: 'approver' }), 'operator', 'web')).toContain('needs the role operator');
  });

  it('reaches as far as the applications of the grant that has the role', () => {
    const scoped = me({ role: 'operator', scope: { applications: ['web-*', 'api'] } }, { role: 'viewer' });
    expect(whyNot(scoped, 'operator', 'web-shop')).toBeNull();
    expect(whyNot(scoped, 'operator', 'api')).toBeNull();
    expect(whyNot(scoped, 'operator', 'web')).toContain('does not reach');
  });

  it('is left to the hub where clusters bound it', () => {
    const scoped = me({ role: 'operator', scope: { clusters: { matchLabels: { env: 'dev' } } } });
    expect(whyNot(scoped, 'operator', 'web')).toBeNull();
  });

  it('is nothing until the hub said who one is', () => {
    expect(whyNot(undefined, 'viewer', 'web')).not.toBeNull();
  });
});

describe('what somebody may do to all of the fleet', () => {
  it('takes the role without bounds', () => {
    expect(whyNotEverywhere(me({ role: 'admin' }), 'admin')).toBeNull();
    expect(whyNotEverywhere(me({ role: 'operator' }), 'admin')).toContain('needs the role admin');
    expect(whyNotEverywhere(me({ role: 'admin', scope: { applications: ['web'] } }), 'admin')).toContain(
      'does not reach everything',
    );
    expect(whyNotEverywhere(undefined, 'viewer')).not.toBeNull();
  });
});
