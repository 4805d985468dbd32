import { DEFAULT_STRATEGY, need, newHeader, planRollout, RowTable, step, type PresenceView } from '#domain';
import { APPLICATION, NOW, startOf } from './engine-fleet.js';
import { stopwatch } from './machine.js';
import { percentile, round } from './percentile.js';

const CLUSTERS = 10_000;
const ROUNDS = 9;

/** A plan over 10,000 clusters that run an earlier release: by itself, as people see it, and as the step that starts it. */
export async function measurePlan(): Promise<object> {
  const everybody: PresenceView = { loaded: (_, row) => ({ row, online: true, seenAt: NOW }), seenAt: () => NOW };
  const table = new RowTable();
  const first = startOf(CLUSTERS, 1, DEFAULT_STRATEGY);
  const { header, rows } = step(newHeader(APPLICATION), [], first, NOW);
  table.save(rows);
  const event = startOf(CLUSTERS, 2, DEFAULT_STRATEGY);
  const loaded = table.load(need(header, event, NOW), everybody);
  const [plans, starts, floors]: number[][] = [[], [], []];
  for (let count = 0; count < ROUNDS; count += 1) {
    let end = stopwatch();
    const { total } = planRollout(header, loaded, event, NOW + 1);
    plans?.push(end().ms);
    end = stopwatch();
    const decision = step(header, loaded, event, NOW + 1);
    starts?.push(end().ms);
    if (total !== CLUSTERS || decision.rows.length !== CLUSTERS) throw new Error('the plan is not whole');
    // The yardstick: every row once to text and back, which whoever stores or shows the plan has to do anyway.
    end = stopwatch();
    JSON.parse(JSON.stringify(decision.rows));
    floors?.push(end().ms);
  }
  return {
    clusters: CLUSTERS,
    planMs: round(percentile(plans ?? [], 50)),
    startMs: round(percentile(starts ?? [], 50)),
    jsonOfRowsMs: round(percentile(floors ?? [], 50)),
  };
}
