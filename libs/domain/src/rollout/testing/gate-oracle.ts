import type { ClusterUid } from '../../cluster.js';
import type {
  ApplicationHeader,
  Decision,
  GateProgress,
  Millis,
  Rollout,
  RolloutEvent,
  TargetRow,
  WaveProgress,
} from '../model.js';
import type { GateSpec, StrategySpec, WaveSpec, WindowSpec } from '../strategy.js';
import { fail } from './fail.js';
import { AUTHOR, type World } from './world.js';

type Side = GateProgress['when'];

/** A rollout as it was planned, or planned anew: what its waves' approvals are for. */
interface Plan {
  readonly startedBy: string;
  readonly strategy: StrategySpec;
  /** Time zone labels at that time. */
  readonly zones: ReadonlyMap<ClusterUid, string | undefined>;
  readonly waves: readonly PlannedWave[];
}

interface PlannedWave {
  readonly budgets: string;
  readonly targets: ReadonlySet<string>;
}

interface Yes {
  readonly actor: string;
  readonly rollout: string;
  readonly wave: number;
  readonly when: Side;
  readonly planned: PlannedWave;
}

/** Judges gates and windows by who said what when, and by its own arithmetic of time. */
export class GateOracle {
  private readonly plans = new Map<string, Plan>();
  private yeses: Yes[] = [];
  private readonly answers = new Map<string, { ok: number; failed: number }>();
  private readonly promoted = new Set<string>();
  private readonly rejected = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly count: (what: string) => void,
  ) {}

  judge({ header, changed, history }: Decision, before: ApplicationHeader, event: RolloutEvent): void {
    const { rollout } = header;
    if (!rollout || !changed) return;
    const was = before.rollout?.id === rollout.id ? before.rollout : null;
    if (event.type === 'start' && !was) this.remember(rollout, event.strategy, event.actor);
    if (event.type === 'replan') this.replanned(rollout, event.strategy);
    this.hear(event, rollout, was);
    if (!was) return;
    // It may have left its last gates and come back to them within one step: they are asked anew.
    const isBack = history.some(({ event: name }) => name === 'waveWaits');
    if (isBack && rollout.waves[rollout.wave]?.phase === 'gateAfter') this.forget(rollout, rollout.wave, 'after');
    rollout.waves.forEach(({ phase }, index) => {
      const old = was.waves[index]?.phase;
      if (old === undefined || old === phase) return;
      this.count(`wave ${old} -> ${phase}`);
      const isOpening = (old === 'pending' || old === 'gateBefore') && phase !== 'gateBefore' && phase !== 'skipped';
      if (isOpening) this.judgeGates(rollout, index, 'before');
      if (phase === 'done') this.judgeGates(rollout, index, 'after');
      if (phase === 'gateAfter' || (old === 'gateAfter' && phase === 'progressing'))
        this.forget(rollout, index, 'after');
    });
  }

  private remember(rollout: Rollout, strategy: StrategySpec, startedBy: string): void {
    const rows = [...this.world.shell.rows.values()].filter((row) => row.rollout === rollout.id);
    const waves = rollout.waves.map((wave, index): PlannedWave => {
      const { maxConcurrency, maxFailures, maxUnreachable, soakMs, before, after, windows } = wave;
      const mine = rows.filter((row) => row.wave === index && row.state !== 'removed');
      return {
        budgets: JSON.stringify([maxConcurrency, maxFailures, maxUnreachable, soakMs, before, after, windows]),
        targets: new Set(
          mine.map(({ uid, desired }) => `${uid} ${typeof desired === 'object' ? desired.digest : desired}`),
        ),
      };
    });
    const zones = new Map(rows.map(({ uid }) => [uid, this.world.zoneLabel(uid)]));
    this.plans.set(rollout.id, { startedBy, strategy, zones, waves });
  }

  private replanned(rollout: Rollout, strategy: StrategySpec): void {
    const old = this.plans.get(rollout.id);
    this.remember(rollout, strategy, old?.startedBy ?? '');
    this.count('replanned');
    const plan = this.plans.get(rollout.id);
    if (this.yeses.some(({ wave, planned, rollout: id }) => id === rollout.id && !covers(planned, plan?.waves[wave])))
      this.count('approval voided by a replan');
  }

  private hear(event: RolloutEvent, rollout: Rollout, was: Rollout | null): void {
    switch (event.type) {
      case 'approve': {
        const wave =
          event.wave === undefined ? (was?.wave ?? 0) : rollout.waves.findIndex(({ name }) => name === event.wave);
        const plan = this.plans.get(rollout.id);
        const planned = plan?.waves[wave];
        if (event.actor === plan?.startedBy) fail(3, `${event.actor} approved the release that it had started`);
        if (event.email?.toLowerCase() === AUTHOR.email) fail(3, `${event.email} approved a commit of its own`);
        if (planned)
          this.yeses.push({
            actor: event.actor,
            rollout: rollout.id,
            wave,
            when: sideAsked(was?.waves[wave]),
            planned,
          });
        this.count('approved');
        return;
      }
      case 'reject':
        this.rejected.add(`${rollout.id} ${event.wave ?? was?.waves[was.wave]?.name ?? ''}`);
        this.count('rejected');
        return;
      case 'resume':
        for (const key of this.rejected) if (key.startsWith(`${rollout.id} `)) this.rejected.delete(key);
        this.forgetRefusals(rollout);
        return;
      case 'promote':
        if (was) this.promoted.add(`${rollout.id} ${was.wave} ${was.waves[was.wave]?.phase ?? ''}`);
        this.count(`promoted ${was?.waves[was.wave]?.phase ?? ''}`);
        return;
      case 'gateAnswer': {
        const key = `${event.rollout} ${event.wave} ${event.when} ${event.gate}`;
        const { ok, failed } = this.answers.get(key) ?? { ok: 0, failed: 0 };
        this.answers.set(key, {
          ok: ok + Number(event.outcome === 'success'),
          failed: failed + Number(event.outcome === 'failure'),
        });
        this.count(`answer ${event.outcome}`);
        return;
      }
      default:
    }
  }

  /** A metric that said no too often begins anew. */
  private forgetRefusals({ id, waves }: Rollout): void {
    waves.forEach(({ before = [], after = [] }, index) => {
      const gates = [
        ...before.map((spec) => ['before', spec] as const),
        ...after.map((spec) => ['after', spec] as const),
      ];
      for (const [when, spec] of gates) {
        const key = `${id} ${index} ${when} ${spec.name}`;
        if (spec.type === 'metric' && (this.answers.get(key)?.failed ?? 0) > spec.failureLimit)
          this.answers.delete(key);
      }
    });
  }

  private forget(rollout: Rollout, index: number, when: Side): void {
    for (const key of this.answers.keys())
      if (key.startsWith(`${rollout.id} ${index} ${when} `)) this.answers.delete(key);
  }

  /** The wave goes through: whatever is declared there must be open right now. */
  private judgeGates(rollout: Rollout, index: number, when: Side): void {
    const wave = rollout.waves[index];
    const spec = this.specOf(rollout, index);
    const gates = spec?.[when] ?? [];
    const isEmptied = wave && wave.counts.skipped + wave.counts.removed === wave.total;
    if (rollout.kind !== 'forward' || !wave || wave.givenUp || isEmptied || gates.length === 0) return;
    if (this.rejected.has(`${rollout.id} ${wave.name}`))
      fail(3, `wave ${wave.name} went through its gates though a person had said no`);
    for (const gate of gates) {
      const why = this.closed(rollout, index, when, gate);
      if (why !== null) fail(3, `wave ${wave.name} went through ${gate.name}, which is closed: ${why}`);
      this.count(`gate ${when} ${gate.type} opened`);
    }
  }

  private specOf(rollout: Rollout, index: number): WaveSpec | undefined {
    const name = rollout.waves[index]?.name;
    return this.plans.get(rollout.id)?.strategy.waves.find((each) => each.name === name);
  }

  private closed({ id }: Rollout, index: number, when: Side, gate: GateSpec): string | null {
    const { ok = 0, failed = 0 } = this.answers.get(`${id} ${index} ${when} ${gate.name}`) ?? {};
    switch (gate.type) {
      case 'approval': {
        const planned = this.plans.get(id)?.waves[index];
        const own = this.yeses.filter(
          (yes) => yes.rollout === id && yes.wave === index && yes.when === when && covers(yes.planned, planned),
        );
        const count = new Set(own.map(({ actor }) => actor)).size;
        return count < gate.approvers ? `${count} of ${gate.approvers} approved what is planned now` : null;
      }
      case 'schedule': {
        if (this.promoted.has(`${id} ${index} ${when === 'before' ? 'gateBefore' : 'gateAfter'}`)) return null;
        if (this.world.now < (gate.notBefore ?? 0)) return 'it is too early';
        const isInside =
          gate.windows.length === 0 || gate.windows.some((each) => isWithin(each, 'UTC', this.world.now));
        return isInside ? null : 'no window is open';
      }
      case 'webhook':
        return ok > 0 ? null : 'it never answered yes';
      case 'metric':
        if (failed > gate.failureLimit) return `${failed} samples were bad`;
        return ok >= gate.count ? null : `${ok} of ${gate.count} samples were good`;
    }
  }

  /** A tick gave this row its turn: its window is open by our own reckoning. */
  judgeAssignment(row: TargetRow): void {
    const { rollout } = this.world.shell.header;
    const plan = rollout ? this.plans.get(rollout.id) : undefined;
    if (!rollout || !plan || rollout.kind === 'rollback') return;
    const spec = rollout.kind === 'catchUp' ? plan.strategy.waves.at(-1) : this.specOf(rollout, row.wave);
    const windows = spec?.windows ?? [];
    if (windows.length === 0) return;
    const zone = plan.zones.get(row.uid) ?? 'UTC';
    if (windows.some((window) => isWithin(window, zone, this.world.now))) this.count('assigned in a window');
    else fail(7, `${row.uid} was assigned outside its windows`);
  }
}

/** The side that a yes is for: the one that waits, or else the one that comes. */
function sideAsked(wave: WaveProgress | undefined): Side {
  if (wave?.phase !== 'pending') return wave?.phase === 'gateBefore' ? 'before' : 'after';
  return wave.before?.some(({ type }) => type === 'approval') ? 'before' : 'after';
}

/** Whoever is planned now was there, with the same bundle and budgets, when the person said yes. */
function covers(approved: PlannedWave, planned: PlannedWave | undefined): boolean {
  if (!planned || approved.budgets !== planned.budgets) return false;
  return [...planned.targets].every((target) => approved.targets.has(target));
}

const HOUR_MS = 3_600_000;
/** Of the zones that the clusters name; whatever is none is UTC. In 1970, where the schedules play. */
const OFFSETS: Readonly<Record<string, Millis>> = { 'Asia/Kolkata': 5.5 * HOUR_MS };

/** The two cron texts that the schedules use, by arithmetic: every ten minutes, and at each full hour of the zone. */
function isWithin({ cron, durationMs, timeZone }: WindowSpec, zone: string, now: Millis): boolean {
  const local = now + (OFFSETS[typeof timeZone === 'string' ? timeZone : zone] ?? 0);
  switch (cron) {
    case '*/10 * * * *':
      return local % 600_000 < durationMs;
    case '0 * * * *':
      return local % HOUR_MS < durationMs;
    default:
      throw new Error(`the oracle does not know the window ${cron}`);
  }
}
