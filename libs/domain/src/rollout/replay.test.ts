import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson } from '../canonical-json.js';
import {
  beginsRollout,
  ENGINE_VERSION,
  type EngineCheckpoint,
  type EngineState,
  type LogEntry,
  outcomeOf,
  presenceInputs,
  readInputs,
  writeInputs,
} from './event-log.js';
import type { PresenceInput, TargetRow } from './model.js';
import { newHeader } from './new-header.js';
import { replayFrom, verify } from './replay.js';
import { step } from './step.js';
import type { MemoryShell } from './testing/memory-shell.js';
import { play } from './testing/phrases.js';
import { Scenario, START, strategy, wave } from './testing/scenario.js';
import type { Schedule } from './testing/play-schedule.js';
import { schedule } from './testing/schedule.suite.js';
import { World } from './testing/world.js';

const SCHEDULES = 150;
const SEED = Number(process.env['FLOTILLA_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

interface Log {
  readonly checkpoints: readonly EngineCheckpoint[];
  readonly entries: readonly LogEntry[];
}

/** Up to where one of the world's oracles stops it: whether it ought to is another test's question. */
function played({ plan, strategy: spec, phrases }: Schedule): World {
  const world = new World(plan);
  world.strategy = spec;
  try {
    for (const phrase of phrases) play(world, phrase);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  return world;
}

/** As through a database. */
const kept = <T>(value: T): T => JSON.parse(canonicalJson(value)) as T;

/** What a shell that logs would have kept of the steps that this one took. */
function logOf(shell: MemoryShell): Log {
  let header = newHeader('web');
  const rows = new Map<string, TargetRow>();
  const [checkpoints, entries]: [EngineCheckpoint[], LogEntry[]] = [[], []];
  for (const { event, now, presence } of shell.log) {
    const loaded = presence.flatMap(([uid, present]) => {
      const row = rows.get(uid);
      return row ? [{ row, ...present }] : [];
    });
    const decision = step(header, loaded, event, now);
    const common = { application: 'web', version: ENGINE_VERSION, rollout: decision.header.rollout?.id ?? null };
    if (beginsRollout(header, decision)) {
      const before = { header, rows: [...rows.values()] };
      checkpoints.push(kept({ ...common, step: header.version, ...before }));
    }
    const inputs = readInputs(writeInputs(presenceInputs(loaded)));
    const outcome = outcomeOf(decision);
    entries.push({ ...common, ...kept({ step: decision.header.version, at: now, event, outcome }), inputs });
    header = decision.header;
    for (const row of decision.rows) rows.set(row.uid, row);
  }
  return { checkpoints, entries };
}

const stateOf = (shell: MemoryShell): EngineState => kept({ header: shell.header, rows: [...shell.rows.values()] });

describe(`${SCHEDULES} adversarial schedules (FLOTILLA_SEED=${SEED})`, () => {
  it('are reproduced from every checkpoint to the next one and to the present, byte for byte', () => {
    const seen = { rollouts: 0, steps: 0 };
    fc.assert(
      fc.property(schedule, (each) => {
        const { shell } = played(each);
        const { checkpoints, entries } = logOf(shell);
        checkpoints.forEach((checkpoint, index) => {
          const next: EngineState = checkpoints[index + 1] ?? stateOf(shell);
          const own = entries.filter((entry) => entry.step > checkpoint.step);
          const proof = verify(checkpoint, own, next);
          if (!proof.ok) throw new Error(canonicalJson(proof));
          seen.rollouts += 1;
          seen.steps += proof.steps;
        });
      }),
      { numRuns: SCHEDULES, seed: SEED },
    );
    expect(seen.rollouts).toBeGreaterThan(SCHEDULES * 2);
    expect(seen.steps).toBeGreaterThan(SCHEDULES * 20);
  }, 120_000);
});

describe('a replay', () => {
  let shell: MemoryShell;
  let log: Log;
  let first: EngineCheckpoint;

  beforeAll(() => {
    const scenario = new Scenario(4);
    scenario.start(1, strategy([wave('canary', { take: 1, soakMs: 20_000 }), wave('rest')]));
    scenario.pass(5000);
    scenario.passAll();
    scenario.pass(60_000);
    scenario.passAll();
    shell = scenario.shell;
    log = logOf(shell);
    const [checkpoint] = log.checkpoints;
    if (!checkpoint) throw new Error('no rollout began');
    first = checkpoint;
  });

  const at = (index: number): LogEntry => {
    const entry = log.entries[index];
    if (!entry) throw new Error(`there is no entry ${index}`);
    return entry;
  };
  const middle = (): number => Math.floor(log.entries.length / 2);

  it('tells how it was at any time', () => {
    const times = [...new Set(log.entries.map((entry) => entry.at))];
    expect(times.length).toBeGreaterThan(2);
    for (const time of times) {
      const count = log.entries.filter((entry) => entry.at <= time).length;
      const replay = replayFrom(first, log.entries, time);
      expect(replay.fault).toBeNull();
      expect(replay.header.version).toBe(first.step + count);
      expect(replay.header.now).toBe(time);
    }
    expect(replayFrom(first, log.entries, START - 1).header).toEqual(first.header);
    expect(canonicalJson(replayFrom(first, log.entries).header)).toBe(canonicalJson(shell.header));
  });

  it('takes a clock that went back for one that stands still', () => {
    const back = log.entries.map((entry, index) => (index === log.entries.length - 1 ? { ...entry, at: 5 } : entry));
    const last = replayFrom(first, log.entries, Math.max(...log.entries.map((entry) => entry.at)));
    const again = replayFrom(first, back, last.header.now);
    expect(again.header.version).toBe(last.header.version);
  });

  it('names the step that is missing', () => {
    const entries = log.entries.filter((_, index) => index !== middle());
    const proof = verify(first, entries, stateOf(shell));
    expect(proof).toMatchObject({ ok: false, fault: { code: 'gap', step: at(middle() + 1).step } });
    expect(proof.message).toMatch(/was not logged/);
  });

  it('names the step whose inputs or events were other ones', () => {
    const online = (entry: LogEntry): LogEntry => ({
      ...entry,
      inputs: entry.inputs.map((input): PresenceInput => ({ ...input, online: false, seenAt: 1 })),
    });
    const found = log.entries.filter((entry, index) => {
      const { fault } = verify(first, log.entries.with(index, online(entry)), stateOf(shell));
      if (fault) expect(fault).toMatchObject({ code: 'outcome', step: entry.step });
      return fault !== undefined;
    });
    expect(found.map(({ event }) => event.type)).toContain('tick');

    const noReports = { ...at(middle()), event: { type: 'reports' as const, reports: [] } };
    expect(verify(first, log.entries.with(middle(), noReports), stateOf(shell)).fault).toMatchObject({
      ...{ code: 'no-change', step: noReports.step },
    });
    const unknown = { ...at(middle()), inputs: [{ uid: 'c99', online: true, seenAt: 1 }] };
    expect(verify(first, log.entries.with(middle(), unknown), stateOf(shell)).fault).toMatchObject({
      ...{ code: 'no-row', step: unknown.step, message: expect.stringMatching(/c99/) },
    });
  });

  it('says plainly that another version of the engine took a step, where this one decides otherwise, and only there', () => {
    const old = log.entries.map((entry) => ({ ...entry, version: ENGINE_VERSION - 1 }));
    expect(verify(first, old, stateOf(shell)).ok).toBe(true);
    const other = old.with(middle(), { ...at(middle()), version: ENGINE_VERSION - 1, outcome: '0'.repeat(64) });
    const proof = verify(first, other, stateOf(shell));
    expect(proof.fault).toMatchObject({ code: 'version', step: at(middle()).step });
    expect(proof.message).toMatch(`was taken by version ${ENGINE_VERSION - 1} of the engine`);
  });

  it('names the field and the cluster where something else than a step changed what is stored', () => {
    const stored = stateOf(shell);
    const [row, ...others] = stored.rows;
    const header = {
      ...stored.header,
      baseline: 7,
      rollout: stored.header.rollout && { ...stored.header.rollout, wave: 9 },
    };
    const proof = verify(first, log.entries, {
      header,
      rows: [{ ...row, state: 'failed' } as TargetRow, ...others.slice(1)],
    });
    expect(proof.ok).toBe(false);
    expect(proof.differences).toEqual([
      { cluster: null, field: 'baseline', stored: '7', replayed: '1' },
      { cluster: null, field: 'rollout.wave', stored: '9', replayed: '2' },
      { cluster: 'c0', field: 'state', stored: '"failed"', replayed: '"passed"' },
      { cluster: 'c1', field: '', replayed: expect.stringMatching(/^\{"acked"/) },
    ]);
    expect(proof.message).toMatch(/differs from it in the header, baseline/);
  });

  it('leaves aside what came after the stored state', () => {
    const upTo = replayFrom(first, log.entries.slice(0, 3));
    const proof = verify(first, log.entries, { header: upTo.header, rows: upTo.rows });
    expect(proof).toMatchObject({ ok: true, steps: 3, from: first.step, to: first.step + 3 });
  });
});
