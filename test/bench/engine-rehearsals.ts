import { DEFAULT_STRATEGY, newHeader, Rehearsal, type RehearsalRates } from '#domain';
import { APPLICATION, NOW, startOf } from './engine-fleet.js';
import { stopwatch } from './machine.js';
import { round } from './percentile.js';

const CLUSTERS = 100;
const RUNS = 1000;

function rehearsed(rates: Partial<RehearsalRates>): object {
  const start = startOf(CLUSTERS, 1, DEFAULT_STRATEGY);
  const presence = start.members.map(({ uid }) => ({ uid, online: true, seenAt: NOW }));
  const rehearsal = new Rehearsal({
    header: newHeader(APPLICATION),
    rows: [],
    ...{ start, presence, rates, seed: 1, now: NOW },
  });
  let steps = 0;
  const end = stopwatch();
  while (rehearsal.runs < RUNS) steps += rehearsal.next().steps;
  const { ms, cpuMs } = end();
  return {
    seconds: round(ms / 1000, 1),
    cpuSeconds: round(cpuMs / 1000, 1),
    rehearsalsPerCpuSecond: round((RUNS * 1000) / cpuMs),
    stepsPerRun: round(steps / RUNS),
    outcomes: rehearsal.report().outcomes,
  };
}

/** A thousand runs of the shipped strategy over 100 clusters: all well, which is the longest way, and with troubles. */
export async function measureRehearsals(): Promise<object> {
  return {
    ...{ clusters: CLUSTERS, runs: RUNS },
    well: rehearsed({}),
    troubled: rehearsed({ failureRate: 0.01, offlineRate: 0.05, flapRate: 0.1 }),
  };
}
