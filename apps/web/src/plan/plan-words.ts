import type { PlannedClusterView, PlannedWaveView, PlanView, WindowView } from '#contract';

/** From where to where a wave reaches of all clusters, in percent: a staircase from the first wave to the last. */
export interface Step {
  readonly from: number;
  readonly to: number;
}

/** Each wave's share of the fleet, one after the other. A plan for nobody has steps of no width. */
export function stepsOf({ waves, total }: Pick<PlanView, 'waves' | 'total'>): readonly Step[] {
  let done = 0;
  return waves.map((wave) => {
    const from = percent(done, total);
    done += wave.total;
    return { from, to: percent(done, total) };
  });
}

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : Math.min(100, (part / whole) * 100));

/** How many clusters of a wave get another bundle than they run. */
export function changedIn({ clusters }: Pick<PlannedWaveView, 'clusters'>): number {
  return clusters.filter(({ change }) => change !== 'unchanged').length;
}

/** How many distinct bundles a wave takes. */
export function bundlesIn({ clusters }: Pick<PlannedWaveView, 'clusters'>): number {
  return new Set(clusters.map(({ digest }) => digest)).size;
}

/** What is worth saying of a cluster beyond that it gets the release. */
export function notesOf({ change, status, healthBefore, dropped }: PlannedClusterView): readonly string[] {
  return [
    change === 'new' ? 'new' : change === 'unchanged' ? 'has it already' : '',
    status === undefined ? '' : `${status} now`,
    healthBefore === undefined ? '' : `${healthBefore} before`,
    dropped === undefined ? '' : `deletes ${dropped}`,
  ].filter((note) => note !== '');
}

/** `for 4h from "0 8 * * 1-5" Europe/Berlin`. */
export function windowText({ cron, duration, timeZone }: WindowView): string {
  const zone = timeZone.startsWith('label:') ? `in the zone of each cluster's ${timeZone.slice(6)}` : timeZone;
  return `for ${duration} from "${cron}" ${zone}`;
}

/** What a start would do to the rollout that runs; undefined: nothing runs. */
export function runningText({ running }: Pick<PlanView, 'running'>): string | undefined {
  switch (running?.then) {
    case undefined:
      return undefined;
    case 'supersedes':
      return `A start would supersede ${running?.rollout ?? ''}, which runs.`;
    case 'queued':
      return `A start would wait for ${running?.rollout ?? ''} to end.`;
    case 'refused':
      return `A start would be refused while ${running?.rollout ?? ''} stands as it does.`;
  }
}
