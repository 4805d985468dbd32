import { canonicalJson } from '../canonical-json.js';
import type { ClusterUid } from '../cluster.js';
import { isReplacedBySame } from './drops.js';
import { gatesOf, newGates } from './gate-state.js';
import type { GateProgress, HeldRelease, Member, ResolvedWave, Rollout, TargetRow, WaveProgress } from './model.js';
import { waveDigest } from './plan-digest.js';
import { planWarnings } from './plan-warnings.js';
import { planWaves, resolveWave, type PlannedTarget } from './plan-waves.js';
import { distinctZones, zoneOf } from './plan.js';
import type { StrategySpec, WaveSpec } from './strategy.js';
import { countRow, newWave } from './wave-counters.js';

export interface Replanned {
  /** Those that are over as they were; the others with budgets, gates, digests and counters as they are now. */
  readonly waves: readonly WaveProgress[];
  /** All rows of the rollout; those that did not change are the very same objects. */
  readonly rows: readonly TargetRow[];
  /** Whose wave is another one now. */
  readonly moved: readonly TargetRow[];
  readonly warnings: readonly string[];
}

/**
 * The rest of a rollout under another strategy, other labels or overlays. Only who waits and was never assigned in it moves, and
 * only into waves from the open one on. All others stay in their wave by its name, or go to the last where that is gone.
 * @param rows of the rollout. @param members those of its targets that are placed now.
 */
export function planAgain(
  application: string,
  rollout: Rollout,
  rows: readonly TargetRow[],
  strategy: StrategySpec,
  members: readonly Member[],
): Replanned {
  const plan = planWaves(application, strategy, members);
  const places = new Map(plan.targets.map((target) => [target.uid, target]));
  const byUid = new Map(members.map((member) => [member.uid, member]));
  const problems = new Map<string, string[]>();
  const inWaves = strategy.waves.map((): TargetRow[] => []);
  for (const row of rows) {
    const wave = waveOf(row, rollout, strategy, places);
    inWaves[wave]?.push(row);
  }
  const placed = inWaves.map((inWave, wave) =>
    wave < rollout.wave
      ? inWave
      : inOrder(inWave, wave, { rollout, strategy, places }).map((row) =>
          renewed(row, { rollout, member: byUid.get(row.uid), spec: strategy.waves[wave], problems }),
        ),
  );
  const waves = strategy.waves.map((spec, index) => {
    const old = rollout.waves.find(({ name }) => name === spec.name);
    const inWave = placed[index] ?? [];
    return old && index < rollout.wave ? old : waveAgain(spec, old, inWave);
  });
  const before = new Map(rows.map((row) => [row.uid, row]));
  const after = placed.flat();
  return {
    waves,
    rows: after,
    moved: after.filter((row) => {
      const was = before.get(row.uid);
      return was && rollout.waves[was.wave]?.name !== strategy.waves[row.wave]?.name;
    }),
    warnings: [
      ...plan.warnings,
      ...planWarnings(
        waves.map(({ name }, index) => asPlanned(name, placed[index] ?? [])),
        problems,
      ),
    ],
  };
}

/** It waits, and this rollout has never given it anything. */
function isMovable(row: TargetRow, rollout: Rollout): boolean {
  return row.state === 'pending' && row.wave >= rollout.wave && row.assignment?.rollout !== rollout.id;
}

function waveOf(
  row: TargetRow,
  rollout: Rollout,
  strategy: StrategySpec,
  places: ReadonlyMap<ClusterUid, PlannedTarget>,
): number {
  const place = places.get(row.uid);
  // Whose new wave is over goes to the open one.
  if (place && isMovable(row, rollout)) return Math.max(place.wave, rollout.wave);
  return keptWave(row, rollout, strategy) ?? strategy.waves.length - 1;
}

/** Its old wave where that is called now; null: it is gone. */
function keptWave({ wave }: TargetRow, rollout: Rollout, strategy: StrategySpec): number | null {
  if (wave <= rollout.wave) return wave;
  const index = strategy.waves.findIndex(({ name }) => name === rollout.waves[wave]?.name);
  return index < 0 ? null : index;
}

/** Who stays keeps its place; the others come after them, as the plan orders them. */
function inOrder(
  inWave: readonly TargetRow[],
  wave: number,
  plan: {
    readonly rollout: Rollout;
    readonly strategy: StrategySpec;
    readonly places: ReadonlyMap<ClusterUid, PlannedTarget>;
  },
): TargetRow[] {
  const { rollout, strategy, places } = plan;
  const stays = (row: TargetRow): boolean => !isMovable(row, rollout) && keptWave(row, rollout, strategy) === wave;
  const staying = inWave.filter(stays);
  const next = staying.reduce((most, { position }) => Math.max(most, position), -1) + 1;
  const order = (row: TargetRow): PlannedTarget => places.get(row.uid) ?? { ...row };
  const coming = inWave
    .filter((row) => !stays(row))
    .sort((a, b) => order(a).wave - order(b).wave || order(a).position - order(b).position || (a.uid < b.uid ? -1 : 1));
  return [
    ...staying.map((row) => (row.wave === wave ? row : { ...row, wave })),
    ...coming.map((row, index) => {
      const position = next + index;
      return row.wave === wave && row.position === position ? row : { ...row, wave, position };
    }),
  ];
}

/** The row with the overlay and time zone that are its cluster's now. */
function renewed(
  row: TargetRow,
  plan: {
    readonly rollout: Rollout;
    readonly member: Member | undefined;
    readonly spec: WaveSpec | undefined;
    readonly problems: Map<string, string[]>;
  },
): TargetRow {
  const { rollout, member, spec, problems } = plan;
  const { zone: old, ...rest } = row;
  const windows = spec?.windows ?? [];
  const zone = windows.length === 0 ? undefined : member ? zoneOf(member, windows, problems) : (old ?? 'UTC');
  const desired = member && isMovable(row, rollout) ? wantedOf(member, rollout) : row.desired;
  if (zone === old && canonicalJson(desired) === canonicalJson(row.desired)) return row;
  return { ...rest, desired, ...(zone !== undefined && { zone }) };
}

function wantedOf({ overlay, digest, terms }: Member, { release }: Pick<Rollout, 'release'>): HeldRelease {
  return { release, overlay, digest, ...(terms !== undefined && { terms }) };
}

/** A wave that is not over, from its spec and those who are in it now. */
function waveAgain(spec: WaveSpec, old: WaveProgress | undefined, rows: readonly TargetRow[]): WaveProgress {
  // What it began behind is behind it: gates before a wave that is open change no more.
  const isBegun = old !== undefined && old.phase !== 'pending' && old.phase !== 'gateBefore';
  const { before: _, ...rest } = spec;
  const declared = isBegun ? { ...rest, ...(old.before && { before: old.before }) } : spec;
  const present = rows.filter(({ state }) => state !== 'removed');
  const resolved = { ...resolveWave(declared, present.length), total: rows.length };
  const targets = rows.map(({ uid, desired }) => ({
    uid,
    ...(typeof desired === 'object' ? desired : { overlay: '', digest: '' }),
  }));
  const zones = resolved.windows && distinctZones(rows);
  const fresh = newWave({ ...resolved, ...(zones && { zones }) }, waveDigest(resolved, targets));
  const gates = gatesAgain(resolved, old);
  const wave = { ...fresh, ...(gates && { gates }), ...(old && progressOf(old, resolved, rows)) };
  return rows.reduce((each, row) => countRow(each, row, 1), wave);
}

function progressOf(old: WaveProgress, { soakMs }: ResolvedWave, rows: readonly TargetRow[]): Partial<WaveProgress> {
  const { phase, openedAt, givenUp, soakUntil, soakSince, soakEndedBy } = old;
  return {
    phase,
    ...(openedAt !== undefined && { openedAt }),
    // Whoever comes to a wave that was given up is done with care all the same.
    ...(givenUp && !rows.some(({ state }) => state === 'pending') && { givenUp }),
    ...(soakSince !== undefined && { soakSince }),
    ...(soakUntil !== undefined && { soakUntil: soakUntil + soakMs - old.soakMs }),
    ...(soakEndedBy !== undefined && { soakEndedBy }),
  };
}

/** Gates that are declared as before go on from where they stand. */
function gatesAgain(wave: ResolvedWave, old: WaveProgress | undefined): readonly GateProgress[] | undefined {
  return newGates(wave)?.map((fresh) => {
    const specs = fresh.when === 'before' ? wave.before : wave.after;
    const spec = specs?.find(({ name }) => name === fresh.name);
    const was = old && gatesOf(old, fresh.when).find((gate) => gate.spec.name === fresh.name);
    return was && spec && canonicalJson(was.spec) === canonicalJson(spec) ? was.progress : fresh;
  });
}

function asPlanned(name: string, rows: readonly TargetRow[]): Parameters<typeof planWarnings>[0][number] {
  const present = rows.filter(({ state }) => state !== 'removed');
  return {
    name,
    clusters: present.flatMap((row) => {
      const { desired, healthBefore } = row;
      if (typeof desired !== 'object') return [];
      const change = isReplacedBySame(row, desired) ? 'unchanged' : 'changed';
      return [
        {
          name: row.name,
          overlay: desired.overlay,
          digest: desired.digest,
          change,
          ...(healthBefore && { healthBefore }),
        },
      ];
    }),
  };
}
