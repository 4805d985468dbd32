import type { ClusterUid } from '../../cluster.js';
import type { ApplicationHeader, Decision, Millis, Rollout, RolloutEvent, TargetRow } from '../model.js';
import { fail } from './fail.js';
import type { World } from './world.js';

/** Judges what must stand still: under a freeze, on a held cluster, after a hard pause, before a person saw what is deleted. */
export class PauseOracle {
  private readonly heldSince = new Map<ClusterUid, Millis>();
  /** Rollouts that delete more than they may, and that nobody accepted. */
  private readonly unaccepted = new Set<string>();
  private isHard = false;

  constructor(
    private readonly world: World,
    private readonly count: (what: string) => void,
  ) {}

  held(uid: ClusterUid, isHeld: boolean): void {
    if (isHeld) this.heldSince.set(uid, this.world.now);
    else this.heldSince.delete(uid);
  }

  judge(
    { header, rows }: Decision,
    before: ApplicationHeader,
    event: RolloutEvent,
    old: ReadonlyMap<ClusterUid, TargetRow>,
  ): void {
    const { rollout } = header;
    const isNewRollout = rollout?.id !== before.rollout?.id;
    if (event.type === 'pause' && event.hard) {
      this.isHard = true;
      this.count('paused hard');
      if (rows.some(({ halted }) => halted)) this.count('halted');
    }
    if (event.type === 'resume' && event.accept && rollout) this.unaccepted.delete(rollout.id);
    const isOver = event.type === 'resume' || event.type === 'cancel' || rollout?.state !== 'running';
    if (isOver || (isNewRollout && rollout.kind === 'rollback')) this.isHard = false;
    if (isNewRollout && event.type === 'start' && event.kind === 'forward' && rollout) {
      if (this.isExcessive(event, old)) {
        this.unaccepted.add(rollout.id);
        this.count('drops too much');
      }
      if (this.isHard) this.count('hard pause inherited');
    }
    if (rollout && !isNewRollout) this.judgeWaves(rollout, before.rollout);
    for (const row of rows) if (row.state !== old.get(row.uid)?.state) this.countHold(row);
  }

  private countHold({ state, reason }: TargetRow): void {
    if (reason === 'hold') this.count(`${state} for a cluster hold`);
  }

  /** Who surely holds what is dropped from: it passed it, and has nothing else. */
  private isExcessive(
    { drops = [], members }: Extract<RolloutEvent, { type: 'start' }>,
    old: ReadonlyMap<ClusterUid, TargetRow>,
  ): boolean {
    return members.some(({ uid, digest }) => {
      const row = old.get(uid);
      const has = row?.state === 'passed' && row.acked ? row.assignment?.digest : undefined;
      return has === row?.lastPassed?.digest && drops.some(({ from, to }) => from === has && to === digest);
    });
  }

  private judgeWaves(rollout: Rollout, before: Rollout | null): void {
    if (!this.world.isFrozen || rollout.kind === 'rollback') return;
    this.count('a step under a freeze');
    rollout.waves.forEach(({ phase, name }, index) => {
      const was = before?.waves[index]?.phase;
      if (phase === 'progressing' && (was === 'pending' || was === 'gateBefore'))
        fail(7, `wave ${name} opened while the fleet is frozen`);
    });
  }

  /** @param isNew a tick gave it its turn. */
  judgeAssignment(row: TargetRow, old: TargetRow | undefined, isNew: boolean): void {
    const { rollout } = this.world.shell.header;
    const { assignment, uid } = row;
    if (!rollout || !assignment) return;
    const isBack = rollout.kind === 'rollback';
    if (this.world.isFrozen && !isBack && (isNew || assignment.release === null))
      fail(7, `${uid} was assigned while the fleet is frozen`);
    if (isNew && this.unaccepted.has(rollout.id))
      fail(4, `${uid} was assigned though ${rollout.id} deletes more than it may and nobody accepted it`);
    if (isNew && this.isHard) fail(7, `${uid} was assigned under a hard pause`);
    const isHeld = this.heldSince.has(uid) && row.state === 'assigned';
    const isOther = assignment.digest !== old?.assignment?.digest;
    if (isHeld && isOther && (!isBack || old?.acked)) fail(7, `${uid} was assigned while a person holds it`);
  }

  /** What agents really do, once they have read their manifests. */
  judgeClusters(): void {
    const { shell, clusters, now, isHubUp } = this.world;
    const { rollout } = shell.header;
    if (rollout?.state !== 'running' || !isHubUp) return;
    for (const [uid, cluster] of clusters) {
      const row = shell.rows.get(uid);
      if (row?.rollout !== rollout.id) continue;
      const isUnderWay = row.state === 'assigned' || row.state === 'progressing' || row.carried === true;
      if (this.isHard && isUnderWay && cluster.isWriting(now)) fail(7, `${uid} goes on under a hard pause`);
      const since = rollout.kind === 'rollback' ? undefined : this.heldSince.get(uid);
      if (since === undefined) continue;
      const late = cluster.begun.find(({ release, readAt }) => release === rollout.release && readAt > since);
      if (late) fail(7, `${uid} began with release ${late.release} while a person holds it`);
    }
  }
}
