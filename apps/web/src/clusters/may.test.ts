import { describe, expect, it } from '@jest/globals';
import type { Whoami } from '#contract';
import { mayOnCluster } from './may.js';

const me = (...grants: Whoami['grants']): Whoami => ({ actor: 'token:ann', role: 'viewer', via: 'token', grants });
const cluster = { labels: { env: 'dev' }, facts: { region: 'eu' } };

describe('what somebody may do to a cluster', () => {
  it('is nothing for who may only look', () => {
    expect(mayOnCluster(me({ role: 'viewer' }), 'operator', cluster)).toBe(false);
    expect(mayOnCluster(me({ role: 'operator' }), 'operator', cluster)).toBe(true);
    expect(mayOnCluster(me({ role: 'operator' }), 'admin', cluster)).toBe(false);
  });

  it('ends where the scope ends', () => {
    const dev = { clusters: { matchLabels: { env: 'dev' } } };
    const prod = { clusters: { matchLabels: { env: 'prod' } } };
    expect(mayOnCluster(me({ role: 'operator', scope: dev }), 'operator', cluster)).toBe(true);
    expect(mayOnCluster(me({ role: 'operator', scope: prod }), 'operator', cluster)).toBe(false);
    const web = { applications: ['web'] };
    expect(mayOnCluster(me({ role: 'operator', scope: web }), 'operator', cluster)).toBe(false);
  });
});
