import { describe, expect, it } from '@jest/globals';
import { beyondReach } from './reach.js';

const kind = (namespaced: boolean) => ({
  apiVersion: 'v1',
  kind: 'Thing',
  namespaced,
  base: '/api/v1',
  plural: 'things',
});
const ref = (namespace?: string) => ({ apiVersion: 'v1', kind: 'Thing', name: 'a', ...(namespace && { namespace }) });

describe('what an agent that is kept to namespaces refuses', () => {
  it('is nothing where it has the whole cluster', () => {
    expect(beyondReach(null, ref(), kind(false))).toBeNull();
    expect(beyondReach(null, ref('anywhere'), kind(true))).toBeNull();
  });

  it('is what belongs to the cluster, with the mode and the mend', () => {
    const text = beyondReach(['pay', 'shop'], ref(), kind(false));
    expect(text).toMatch(
      /kept to the namespaces pay, shop \(namespaced mode\), and a Thing belongs to the whole cluster/,
    );
    expect(text).toContain('flotilla cluster token NAME --cluster-wide');
  });

  it('is what is in another namespace, and nothing in its own', () => {
    expect(beyondReach(['pay', 'shop'], ref('pay'), kind(true))).toBeNull();
    const text = beyondReach(['pay', 'shop'], ref('kube-system'), kind(true));
    expect(text).toContain('"kube-system" is not among them');
    expect(text).toContain('--namespaces');
  });

  it('says what to do also where there are many, within what a report holds', () => {
    const many = Array.from({ length: 50 }, (_, index) => `${index}-${'n'.repeat(60)}`);
    expect(beyondReach(many, ref('x'.repeat(63)), kind(true))?.length).toBeLessThan(1024);
  });
});
