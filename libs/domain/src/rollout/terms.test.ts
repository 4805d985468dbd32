import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { digest, Scenario, strategy, wave } from './testing/scenario.js';

const act = fc.oneof(
  { weight: 3, arbitrary: fc.record({ say: fc.constant('release' as const), bundle: fc.nat(1), terms: fc.nat(2) }) },
  { weight: 6, arbitrary: fc.record({ say: fc.constant('report' as const), count: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ say: fc.constant('rollback' as const) }) },
  { weight: 1, arbitrary: fc.record({ say: fc.constant('passAll' as const) }) },
);

/** What was released under a number. */
interface Said {
  readonly digest: string;
  readonly terms: string;
}

function check(fleet: Scenario, said: ReadonlyMap<number, Said>): void {
  const { rollout } = fleet.shell.header;
  for (const { assignment, wave: index, lastPassed, rollout: id } of fleet.shell.rows.values()) {
    for (const held of [assignment, lastPassed]) {
      if (!held || held.release === null) continue;
      expect({ digest: held.digest, terms: held.terms }).toEqual(said.get(held.release));
    }
    const isLater = rollout?.state === 'running' && rollout.kind === 'forward' && id === rollout.id;
    if (isLater && index > rollout.wave) expect(assignment?.release).not.toBe(rollout.release);
  }
}

it('gives no cluster a release’s bundle or terms before its wave’s turn, and neither without the other', () => {
  let waits = 0;
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.array(act, { minLength: 4, maxLength: 25 }), (clusters, acts) => {
      const fleet = new Scenario(clusters);
      const spec = strategy([wave('first', { take: 1 }), wave('rest', { maxConcurrency: 1 })]);
      const said = new Map<number, Said>();
      for (const each of acts) {
        switch (each.say) {
          case 'release': {
            const release = said.size + 1;
            const told = { digest: digest(each.bundle), terms: `terms-${each.terms}` };
            said.set(release, told);
            fleet.start(release, spec, { members: fleet.members(release).map((member) => ({ ...member, ...told })) });
            break;
          }
          case 'report':
            for (const uid of [...fleet.in('assigned'), ...fleet.in('progressing')].slice(0, each.count)) {
              fleet.report(uid);
            }
            break;
          case 'rollback':
            fleet.take({ type: 'rollback', actor: 'token:ann' });
            break;
          case 'passAll':
            fleet.passAll();
        }
        if (said.size > 0) check(fleet, said);
        if (said.size > 1 && fleet.rollout.wave === 0 && fleet.in('pending', 1).length > 0) waits += 1;
      }
    }),
    { numRuns: 200 },
  );
  expect(waits).toBeGreaterThan(100);
});
