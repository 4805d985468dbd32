import { describe, expect, it } from '@jest/globals';
import {
  agentNamespacesSchema,
  agentNamespacesTextSchema,
  MAX_AGENT_NAMESPACES,
  splitNamespaces,
} from './agent-namespaces.js';

const read = (text: string) => agentNamespacesTextSchema.safeParse(text);
const complaint = (text: string) => read(text).error?.issues[0]?.message;

describe('the namespaces that an agent is kept to', () => {
  it('are each there once, in order, however they were written', () => {
    expect(read('shop, pay,shop').success).toBe(true);
    expect(splitNamespaces('shop, pay,shop')).toEqual(['pay', 'shop']);
    expect(splitNamespaces('shop')).toEqual(['shop']);
    expect(agentNamespacesSchema.safeParse(Array.from({ length: 200 }, () => 'shop')).success).toBe(true);
    expect(agentNamespacesSchema.safeParse([]).success).toBe(false);
  });

  it('are names as Kubernetes has them', () => {
    for (const text of ['', 'Shop', 'a,,b', 'a b', '-a', 'a.b', '*', `${'a'.repeat(64)}`, 'a,\u0000']) {
      expect([text, read(text).success]).toEqual([text, false]);
      expect(complaint(text)).toMatch(/must (be lower-case|have at most 63)/);
    }
  });

  it('are not more than an agent has watches for', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`).join(',');
    expect(read(many(MAX_AGENT_NAMESPACES)).success).toBe(true);
    expect(complaint(many(MAX_AGENT_NAMESPACES + 1))).toBe('must be at most 50 namespaces');
    expect(complaint(many(2000))).toBe('must be at most 50 namespaces');
    expect(complaint('a,'.repeat(40_000))).toBe('must be at most 50 namespaces');
  });

  it('are not the one where the agent has its keys', () => {
    expect(complaint('shop,flotilla-system')).toBe(
      'must not name flotilla-system: the agent itself is there, with its keys',
    );
  });
});
