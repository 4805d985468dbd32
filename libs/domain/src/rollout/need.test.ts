import { describe, expect, it } from '@jest/globals';
import { Scenario, strategy, wave } from './testing/scenario.js';

const CLUSTERS = 200;

function startedOn(spec: Parameters<Scenario['start']>[1], offline = 0): Scenario {
  const scenario = new Scenario(CLUSTERS);
  scenario.cutOff(...scenario.uids.slice(CLUSTERS - offline));
  scenario.start(1, spec);
  return scenario;
}

describe('a tick', () => {
  it('asks for few pending rows where each takes a slot, whatever the size of the wave', () => {
    const scenario = startedOn(strategy([wave('all', { maxConcurrency: 20 })]));
    scenario.shell.rowsLoaded = 0;
    for (let turn = 0; turn < 50; turn += 1) {
      const [uid = ''] = scenario.in('assigned');
      scenario.report(uid);
    }
    expect(scenario.in('passed')).toHaveLength(50);
    expect(scenario.shell.rowsLoaded / 50).toBeLessThan(12);
  });

  it('asks for a page where most of the wave takes no slot', () => {
    const scenario = startedOn(strategy([wave('all', { maxConcurrency: 1, maxUnreachable: '100%' })]), CLUSTERS - 2);
    for (let turn = 0; turn < 2; turn += 1) scenario.passAll();
    expect(scenario.in('deferred')).toHaveLength(CLUSTERS - 2);
    const ticks = scenario.shell.log.filter(({ event }) => event.type === 'tick').length;
    expect(ticks).toBeLessThan(CLUSTERS / 16);
  });
});
