import type {
  AgentReport,
  ApplicationHeader,
  LoadedRow,
  Member,
  ReportPhase,
  RolloutEvent,
  StrategySpec,
  TargetRow,
} from '#domain';
import type { StoredRelease, Unit } from '#ports';
import { authorOf } from '../../apps/hub/src/steps/assign/author.js';
import { runStep } from '../../apps/hub/src/steps/advance/run-step.js';
import type { Fate, FleetCluster } from './big-fleet-clusters.js';

const MINUTE_MS = 60_000;
const CRASHES = 'Deployment default/web: the container "web" crashes (exit code 1): no such table: instalments';
const WAITS = 'Deployment default/web: 2 of 6 replicas are available';

/** What agents say, one word for one cluster; null: nothing. */
type Says = (row: TargetRow) => { readonly phase: ReportPhase; readonly message?: string } | null;
const healthy: Says = () => ({ phase: 'healthy' });

/** What happened to a fleet, told to the engine step by step as the hub does, each at its own time. */
export class FleetStory {
  private readonly fates: ReadonlyMap<string, Fate>;
  /** Of each application: the time of its last step. */
  private readonly clock = new Map<string, number>();

  constructor(
    private readonly unit: Unit,
    private readonly clusters: readonly FleetCluster[],
    private readonly now: number,
  ) {
    this.fates = new Map(clusters.map(({ uid, fate }) => [uid, fate]));
  }

  async start(
    application: string,
    release: StoredRelease,
    { strategy, members }: { readonly strategy: StrategySpec; readonly members: readonly Member[] },
    at: number,
  ): Promise<void> {
    this.clock.set(application, at);
    const author = authorOf(release.author);
    const by = { actor: 'system', automatic: true, ...(author && { author }) } as const;
    await this.tell(application, { type: 'start', kind: 'forward', release: release.number, strategy, members, ...by });
    await this.tell(application, { type: 'tick' });
  }

  /** Goes on until the rollout has ended: whoever is assigned anything is healthy, and whoever is asked says yes. */
  async finish(application: string): Promise<void> {
    for (let turns = 0; turns < 50; turns += 1) {
      const { rollout } = await this.header(application);
      if (rollout?.state !== 'running') return;
      await this.turn(application, healthy);
    }
    throw new Error(`${application} did not end`);
  }

  /** Goes on to the last wave and some way into it, and leaves it with some that fail, some at work and some not heard of yet. */
  async halfWay(application: string): Promise<void> {
    const last = async () => {
      const { rollout } = await this.header(application);
      const wave = rollout?.waves.at(-1);
      return {
        isOpen: rollout?.wave === (rollout?.waves.length ?? 0) - 1,
        passed: wave?.counts.passed ?? 0,
        of: wave?.total ?? 0,
      };
    };
    for (let turns = 0; turns < 60; turns += 1) {
      const { isOpen, passed, of } = await last();
      if (isOpen && passed >= of * 0.4) break;
      // In the last wave each has its word in every other turn.
      const half: Says = ({ position }) => (position % 2 === turns % 2 ? { phase: 'healthy' } : null);
      await this.turn(application, isOpen ? half : healthy);
      if ((this.clock.get(application) ?? 0) > this.now) throw new Error(`${application} took longer than its story`);
    }
    await this.report(application, (row) => {
      if (row.position % 3 === 0) return null;
      return row.position % 13 === 0 ? { phase: 'failed', message: CRASHES } : { phase: 'progressing', message: WAITS };
    });
  }

  /** After the rollouts: what some clusters say of an application today. */
  async trouble(application: string): Promise<void> {
    this.clock.set(application, this.now - 20 * MINUTE_MS);
    await this.report(
      application,
      ({ uid }) => {
        const fate = this.fates.get(uid);
        if (fate === 'failed') return { phase: 'failed', message: CRASHES };
        return fate === 'progressing' ? { phase: 'progressing', message: WAITS } : null;
      },
      true,
    );
  }

  async leave(clusters: readonly FleetCluster[]): Promise<void> {
    const since = this.now - 40 * MINUTE_MS;
    for (const { uid, name } of clusters) {
      await this.unit.clusters.leave(uid, { since, by: 'token:first-admin' });
      await this.audit('cluster.remove', `Cluster/${name}`, 'moved to another data centre', since);
    }
    await this.tellAll({ type: 'removed', clusters: clusters.map(({ uid }) => uid), why: 'leaving' });
  }

  async hold(clusters: readonly FleetCluster[]): Promise<void> {
    const [since, reason] = [this.now - 50 * 60 * MINUTE_MS, 'its database is being moved'];
    for (const { uid, name } of clusters) {
      await this.unit.clusters.hold(uid, { reason, by: 'token:first-admin', since });
      await this.audit('cluster.hold', `Cluster/${name}`, reason, since);
    }
    await this.tellAll({ type: 'held', clusters: clusters.map(({ uid }) => uid), actor: 'token:first-admin', reason });
  }

  /** Writes the reports that were told of, clears what is to be delivered, and counts the states of the grid. */
  async end(troubled: string | undefined): Promise<Record<Fate, number>> {
    const worst = new Map<string, Fate>();
    for (const application of this.clock.keys()) {
      const rows = await this.rows(application);
      const reports = rows.flatMap(({ row }) => {
        const drifts = application === troubled && this.fates.get(row.uid) === 'drifted';
        if (row.state !== 'removed') worst.set(row.uid, worse(worst.get(row.uid), stateOf(row, drifts)));
        return row.report ? [reportOf(application, row, row.report, drifts)] : [];
      });
      const isLost = ({ cluster }: AgentReport): boolean => this.fates.get(cluster) === 'offline';
      await this.unit.reports.upsert(
        reports.filter((report) => !isLost(report)),
        this.now,
      );
      await this.unit.reports.upsert(reports.filter(isLost), this.now - 48 * 60 * MINUTE_MS);
    }
    const dirty = await this.unit.outbox.claim(this.clusters.length);
    await this.unit.outbox.written(dirty.map((cluster) => ({ ...cluster, busRevision: 0 })));
    return this.count(worst);
  }

  private count(worst: ReadonlyMap<string, Fate>): Record<Fate, number> {
    const states: Record<Fate, number> = {
      ...{ healthy: 0, progressing: 0, failed: 0, drifted: 0, held: 0 },
      ...{ offline: 0, waiting: 0, leaving: 0, none: 0 },
    };
    const ofItself: readonly Fate[] = ['waiting', 'leaving', 'offline', 'held'];
    for (const { uid, fate } of this.clusters) states[ofItself.includes(fate) ? fate : (worst.get(uid) ?? 'none')] += 1;
    return states;
  }

  /** A few minutes, or until something is due: reports, approvals, and what time brings. */
  private async turn(application: string, says: Says): Promise<void> {
    const { rollout, wakeAt } = await this.header(application);
    const clock = this.clock.get(application) ?? 0;
    this.clock.set(application, Math.max(clock + MINUTE_MS, Math.min(wakeAt ?? 0, clock + 11 * MINUTE_MS)));
    if (rollout?.waves[rollout.wave]?.phase === 'gateBefore') {
      const act = { actor: 'token:release-desk', reason: 'looked at the canaries' };
      await this.tell(application, { type: 'approve', ...act });
      await this.audit('rollout.approve', `Rollout/${rollout.id}`, act.reason, this.clock.get(application) ?? 0);
    }
    await this.report(application, says);
    await this.tell(application, { type: 'tick' });
  }

  /** What those say that are in flight, or all of them, of the assignment that they have. */
  private async report(application: string, says: Says, all = false): Promise<void> {
    const rows = await this.rows(application);
    const reports = rows.flatMap(({ row, online }) => {
      const { assignment, state, uid } = row;
      if (!assignment || !online || !(all || state === 'assigned' || state === 'progressing')) return [];
      const said = says(row);
      if (!said) return [];
      const { generation, digest, healthyForMs } = assignment;
      const steadyMs = said.phase === 'healthy' ? healthyForMs + 60_000 : 0;
      return [
        {
          uid,
          generation,
          digest,
          steadyMs,
          breaks: 0,
          ...said,
          ...(said.phase === 'failed' && { cause: 'health' as const }),
        },
      ];
    });
    if (reports.length > 0) await this.tell(application, { type: 'reports', reports });
  }

  private async tellAll(event: RolloutEvent): Promise<void> {
    for (const application of this.clock.keys()) await this.tell(application, event);
  }

  private async tell(application: string, event: RolloutEvent): Promise<void> {
    const { refused } = await runStep(this.unit, application, event, this.clock.get(application) ?? this.now);
    if (refused) throw new Error(`${application}: ${event.type} was refused: ${refused.message}`);
  }

  private async header(application: string): Promise<ApplicationHeader> {
    return this.unit.rollouts.lock(application);
  }

  private rows(application: string): Promise<readonly LoadedRow[]> {
    return this.unit.rollouts.rows(application, { all: true });
  }

  private audit(act: string, object: string, reason: string, at: number): Promise<void> {
    return this.unit.audit.append({ at, actor: 'token:first-admin', act, object, reason });
  }
}

const ORDER: readonly Fate[] = ['healthy', 'drifted', 'progressing', 'failed'];

function worse(a: Fate | undefined, b: Fate): Fate {
  return a === undefined || ORDER.indexOf(b) > ORDER.indexOf(a) ? b : a;
}

function stateOf({ assignment, report }: TargetRow, drifts: boolean): Fate {
  if (!report || report.generation !== assignment?.generation) return 'progressing';
  if (report.phase === 'failed' || report.phase === 'refused') return 'failed';
  if (report.phase === 'progressing') return 'progressing';
  return drifts ? 'drifted' : 'healthy';
}

/** The whole report of which the engine kept this much. */
function reportOf(
  application: string,
  { uid, message }: TargetRow,
  { generation, digest, phase, steadyMs, breaks }: NonNullable<TargetRow['report']>,
  drifts: boolean,
): AgentReport {
  const words = phase === 'failed' ? (message ?? CRASHES) : phase === 'progressing' ? WAITS : undefined;
  return {
    ...{
      protocol: 1,
      cluster: uid,
      application,
      generation,
      digest,
      phase,
      steadyMs,
      breaks,
      boot: 1,
      seq: 1,
      objects: 12,
    },
    runs: digest,
    ...(phase === 'failed' && { cause: 'health' as const }),
    ...(words !== undefined && { message: words }),
    findings:
      words === undefined
        ? []
        : [
            {
              ...{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web' },
              health: phase === 'failed' ? 'failed' : 'progressing',
              reason: phase === 'failed' ? 'CrashLoopBackOff' : 'ReplicasUnavailable',
              message: words,
            },
          ],
    ...(drifts && { drift: { corrected: 0, drifted: 2, fields: ['Deployment default/web spec.replicas'] } }),
  };
}
