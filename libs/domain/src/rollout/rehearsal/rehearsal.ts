import type {
  ApplicationHeader,
  Effect,
  Freeze,
  Millis,
  PresenceInput,
  Rollout,
  RolloutEvent,
  TargetRow,
} from '../model.js';
import { EventQueue } from './event-queue.js';
import { RehearsedFleet } from './fleet.js';
import { REHEARSAL_DEFAULTS, type RehearsalRates } from './rates.js';
import { playOn, RehearsedHub, type OnStep, type RehearsedRun, type RunSetting } from './rehearsed-run.js';
import { RunFigures, type RehearsalReport } from './run-figures.js';
import { RowTable } from './row-table.js';

export interface RehearsalInput {
  /** The application as it is: a rollout that runs is superseded, as it would be. */
  readonly header: ApplicationHeader;
  readonly rows: readonly TargetRow[];
  readonly start: Extract<RolloutEvent, { type: 'start' }>;
  /** Of the rows' and the members' clusters; who is not named is offline. Who is offline now stays so. */
  readonly presence: readonly PresenceInput[];
  /** What is not named is REHEARSAL_DEFAULTS. */
  readonly rates?: Partial<RehearsalRates>;
  /** A whole number; equal input gives an equal report, byte for byte. */
  readonly seed: number;
  /** When it would be started, hub's clock: windows and schedules are looked at from then on. */
  readonly now: Millis;
  readonly freeze?: Freeze;
  readonly onStep?: OnStep;
}

/**
 * A rollout played many times over on a virtual clock, by the very engine, against clusters that behave as told. Runs are made one
 * by one, and only figures of them are kept.
 */
export class Rehearsal {
  /** The start makes no sense now: nothing can be rehearsed. */
  readonly refused: { readonly code: string; readonly message: string } | null;
  private readonly rates: RehearsalRates;
  private readonly now: Millis;
  private readonly queue = new EventQueue();
  private readonly fleet: RehearsedFleet;
  /** As the start has left it: the same for every run, as are its effects. */
  private readonly table: RowTable;
  private readonly header: ApplicationHeader;
  private readonly effects: Effect[] = [];
  private readonly figures: RunFigures | null;

  constructor(private readonly input: RehearsalInput) {
    const { header, rows, start } = input;
    this.rates = { ...REHEARSAL_DEFAULTS, ...input.rates };
    this.now = Math.max(input.now, header.now);
    this.table = new RowTable(rows);
    for (const { uid } of start.members) this.table.reserve(uid);
    const uids = [...new Set([...rows, ...start.members].map(({ uid }) => uid))];
    const known = new Map(input.presence.map((each) => [each.uid, each]));
    const presence = uids.map((uid): PresenceInput => known.get(uid) ?? { uid, online: false, seenAt: null });
    this.fleet = new RehearsedFleet(this.queue, this.rates, presence);

    this.fleet.reset((index) => this.table.at(index), this.now, { release: start.release, seed: input.seed, run: 0 });
    const hub = new RehearsedHub(header, {
      ...this.setting(this.table),
      onStep: (event, now, taken) => {
        input.onStep?.(event, now, taken);
        this.effects.push(...taken.decision.effects);
      },
    });
    this.refused = hub.take(start, this.now) ?? notBegun(header, hub.header, start.release);
    this.header = hub.header;
    const { rollout } = hub.header;
    this.figures = this.refused || !rollout ? null : new RunFigures(rollout, this.now);
  }

  get runs(): number {
    return this.figures?.runs ?? 0;
  }

  private setting(table: RowTable): RunSetting {
    const { freeze, onStep } = this.input;
    const { queue, fleet, rates } = this;
    return { table, queue, fleet, rates, ...(freeze && { freeze }), ...(onStep && { onStep }) };
  }

  /** Plays one run more. @throws Error where the start was refused. */
  next(): RehearsedRun {
    const { planned, figures } = this.begun();
    const run = figures.runs;
    const table = this.table.fork();
    const setting = this.setting(table);
    const { release } = this.input.start;
    this.queue.clear();
    this.fleet.reset((index) => table.at(index), this.now, { release, seed: this.input.seed, run });
    const hub = new RehearsedHub(this.header, setting);
    hub.begin(this.effects, this.now);
    const outcome = playOn(hub, planned.id, this.now, setting);
    const present = hub.header.rollout ?? planned;
    const rollout = [...hub.ended, present].findLast(({ id }) => id === planned.id) ?? planned;
    const holding = outcome === 'halted' ? present : rollout;
    const end =
      outcome === 'halted'
        ? Math.min(...holding.holds.map(({ since }) => since))
        : outcome === 'unfinished'
          ? this.fleet.now
          : (present.endedAt ?? this.fleet.now);
    const isHalted = outcome === 'halted' || outcome === 'rolledBack';
    const played: RehearsedRun = {
      run,
      outcome,
      // A hold that it inherits is older than itself.
      durationMs: Math.max(0, end - this.now),
      exposed: this.fleet.exposed,
      rollout,
      halts: isHalted ? haltsOf(holding) : [],
      steps: hub.steps,
    };
    figures.count(played);
    return played;
  }

  /** Figures of the runs so far. @throws Error where the start was refused. */
  report(): RehearsalReport {
    return this.begun().figures.report(this.table.load({ all: true }, this.fleet.heartbeats), this.input.seed);
  }

  private begun(): { readonly planned: Rollout; readonly figures: RunFigures } {
    const { rollout: planned } = this.header;
    if (!planned || !this.figures) throw new Error(`nothing can be rehearsed: ${this.refused?.message}`);
    return { planned, figures: this.figures };
  }
}

/** Every run at once. */
export function rehearse(
  input: RehearsalInput,
  runs: number,
): { readonly refused: NonNullable<Rehearsal['refused']> } | { readonly report: RehearsalReport } {
  const rehearsal = new Rehearsal(input);
  if (rehearsal.refused) return { refused: rehearsal.refused };
  while (rehearsal.runs < runs) rehearsal.next();
  return { report: rehearsal.report() };
}

/** The start was taken, and yet this release's rollout did not begin. */
function notBegun(before: ApplicationHeader, after: ApplicationHeader, release: number): Rehearsal['refused'] {
  const { rollout, queued } = after;
  if (rollout && rollout.id !== before.rollout?.id) return null;
  const present = rollout?.id ?? 'the present rollout';
  if (queued?.release === release) {
    return { code: 'queued', message: `release ${release} would wait until ${present} has ended: rehearse it then` };
  }
  return { code: 'nothing-to-start', message: `release ${release} would start nothing: ${present} is at it already` };
}

function haltsOf({ holds, waves, wave }: Rollout): RehearsedRun['halts'] {
  const name = waves[Math.min(wave, waves.length - 1)]?.name ?? '';
  return holds.map(({ code, message }) => ({ code, message, wave: name }));
}
