import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AUDIT_GENESIS, type AuditEntry, auditHash, type ChainedEntry, ChainVerifier } from './audit-chain.js';

const entryArbitrary: fc.Arbitrary<AuditEntry> = fc
  .record(
    {
      at: fc.nat(),
      actor: fc.string({ maxLength: 8 }),
      act: fc.string({ maxLength: 8 }),
      object: fc.string({ maxLength: 8 }),
      reason: fc.string({ minLength: 1, maxLength: 8 }),
      detail: fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(fc.integer(), fc.string(), fc.constant(null))),
    },
    { requiredKeys: ['at', 'actor', 'act', 'object'] },
  )
  .map((entry) => structuredClone({ ...entry }));

function chained(entries: readonly AuditEntry[]): ChainedEntry[] {
  let previous = AUDIT_GENESIS;
  return entries.map((entry, index) => {
    const hash = auditHash(previous, entry);
    const link = { ...entry, id: 3 * index + 1, previous, hash };
    previous = hash;
    return link;
  });
}

function verify(chain: readonly ChainedEntry[], known: string | null = null) {
  const verifier = new ChainVerifier(known);
  for (const entry of chain) {
    const fault = verifier.take(entry);
    if (fault !== null) return fault;
  }
  return verifier.end();
}

const chains = fc.array(entryArbitrary, { minLength: 2, maxLength: 12 }).map(chained);

describe('a chain of audit entries', () => {
  it('verifies as it was written, also after a way through JSON, and tells its head', () => {
    fc.assert(
      fc.property(chains, (chain) => {
        expect(verify(JSON.parse(JSON.stringify(chain)) as ChainedEntry[], chain.at(-1)?.hash)).toBeNull();
      }),
    );
    expect(new ChainVerifier().head).toBe(AUDIT_GENESIS);
    expect(verify([])).toBeNull();
  });

  it('shows a change of any entry, at that entry', () => {
    fc.assert(
      fc.property(chains, fc.nat(), (chain, pick) => {
        const at = pick % chain.length;
        const changed = chain.map((entry, index) => (index === at ? { ...entry, actor: `${entry.actor}!` } : entry));
        expect(verify(changed)).toMatchObject({ id: chain[at]?.id, message: expect.stringContaining('not what was') });
      }),
    );
  });

  it('shows that one was removed, put in, or changed with its hash made anew', () => {
    fc.assert(
      fc.property(chains, fc.nat(), (chain, pick) => {
        const at = pick % (chain.length - 1);
        expect(verify(chain.filter((_, index) => index !== at))).not.toBeNull();
        const again = chain[at];
        if (again === undefined) throw new Error('it is in the chain');
        expect(verify(chain.toSpliced(at, 0, again))).not.toBeNull();
        const forged = { ...again, object: 'Cluster/other' };
        const hash = auditHash(forged.previous, forged);
        expect(verify(chain.with(at, { ...forged, hash }))).toMatchObject({ id: chain[at + 1]?.id });
      }),
    );
  });

  it('shows that the end was cut off only to who knows a hash of it', () => {
    fc.assert(
      fc.property(chains, (chain) => {
        const cut = chain.slice(0, -1);
        expect(verify(cut)).toBeNull();
        expect(verify(cut, chain.at(-1)?.hash)?.message).toContain('removed from the end');
      }),
    );
  });
});
