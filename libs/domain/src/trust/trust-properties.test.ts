import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { currentOf, happen, happenings, TestFleet } from './testing-fleet.suite.js';

/**
 * Everybody is there, those that were left behind are joined again, nothing is lost and nothing crashes, for as long as anything
 * is left to do.
 */
function calm(fleet: TestFleet): void {
  for (const agent of fleet.agents) {
    agent.online = true;
    if (agent.abandoned) fleet.rejoin(agent);
  }
  for (let round = 0; round < 12; round += 1) {
    fleet.tick('end');
    fleet.publish();
    for (const agent of fleet.agents) fleet.sync(agent, 'sent');
  }
}

describe('a rotation of the manifest key and of the authority', () => {
  it('leaves no cluster with a hub that it does not believe, whatever is late, lost, offline or crashes', () => {
    fc.assert(
      fc.property(happenings, (events) => {
        const fleet = new TestFleet();
        for (let each = 0; each < 3; each += 1) fleet.join();
        for (const event of events) {
          happen(fleet, event);
          const wrong = fleet.wrong();
          if (wrong !== null) throw new Error(`${wrong} after ${JSON.stringify(event)}`);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('comes to its end from any moment once everybody is there', () => {
    fc.assert(
      fc.property(happenings, (events) => {
        const fleet = new TestFleet();
        for (let each = 0; each < 3; each += 1) fleet.join();
        for (const event of events) happen(fleet, event);
        calm(fleet);
        expect(fleet.isBusy()).toBe(false);
        expect(fleet.trust.keys.filter(({ state }) => state !== 'gone')).toHaveLength(1);
        expect(fleet.trust.authorities.filter(({ state }) => state !== 'gone')).toHaveLength(1);
        for (const { joined, pins } of fleet.agents) {
          if (joined) expect(pins).toEqual(fleet.document());
        }
      }),
      { numRuns: 800 },
    );
  });

  it('does not wait for nobody: a file with a new key is the key of the next cluster that joins', () => {
    const fleet = new TestFleet();
    fleet.rotate('key');
    fleet.rotate('ca');
    calm(fleet);
    expect([currentOf(fleet.trust.keys), currentOf(fleet.trust.authorities)]).toEqual(['k1', 'a2']);
    fleet.join();
    expect(fleet.wrong()).toBeNull();
  });
});
