import { describe, expect, it } from '@jest/globals';
import { termsOf } from './terms.js';

describe('what an application says of live objects', () => {
  it('is told in words', () => {
    expect(
      termsOf({
        ignoreDifferences: [
          { kind: 'apps/Deployment', name: 'web', namespace: 'shop', jsonPointers: ['/spec/replicas'] },
          { kind: '*', managers: ['mesh-injector'] },
        ],
        health: [{ kind: 'example.org/Database', failed: 'object.a == 1', healthy: 'object.a == 2' }],
      }),
    ).toEqual([
      'apps/Deployment shop/web may differ in /spec/replicas',
      'Every kind may differ in what mesh-injector sets',
      'example.org/Database is failed where object.a == 1',
      'example.org/Database is healthy where object.a == 2',
    ]);
  });

  it('is nothing where it says nothing, as of an older hub', () => {
    expect(termsOf({})).toEqual([]);
  });
});
