import type { ApplicationHeader, Decision, GateProgress, Rollout, TargetRow } from '../model.js';
import type { MemoryShell } from './memory-shell.js';

/** What can be in one state or another. */
export type Machine = 'target' | 'wave' | 'rollout' | 'hold' | 'gate';

/** The transitions that really happened, as `from -> to`; `none` is before the first and after the last. */
export class Transitions {
  readonly seen: Readonly<Record<Machine, Set<string>>> = {
    target: new Set(),
    wave: new Set(),
    rollout: new Set(),
    hold: new Set(),
    gate: new Set(),
  };

  watch(shell: MemoryShell): void {
    shell.onCommit = (decision, before, olds) => this.take(decision, before, olds);
  }

  private take({ header, rows }: Decision, before: ApplicationHeader, olds: readonly (TargetRow | undefined)[]): void {
    rows.forEach((row, index) => {
      const old = olds[index];
      // A row that goes over to another rollout begins anew there.
      this.add('target', old?.rollout === row.rollout ? stateOf(old) : 'none', stateOf(row));
    });
    const { rollout } = header;
    if (!rollout) return;
    const was = before.rollout?.id === rollout.id ? before.rollout : null;
    this.add('rollout', was?.state ?? 'none', rollout.state);
    // The rollout before this one ended in the same step, or is taken back long after.
    if (!was && before.rollout) this.endings(before.rollout, rollout);
    this.holds(was?.holds ?? [], rollout.holds);
    rollout.waves.forEach((wave) => {
      const old = was?.waves.find(({ name }) => name === wave.name);
      this.add('wave', old?.phase ?? 'none', wave.phase);
      for (const gate of wave.gates ?? []) this.add('gate', gateOf(old?.gates, gate)?.state ?? 'none', gate.state);
    });
  }

  private endings(old: Rollout, next: Rollout): void {
    const isOver = old.state !== 'running';
    if (next.kind === 'rollback') this.add('rollout', old.state, 'rolledBack');
    else if (!isOver) this.add('rollout', old.state, 'superseded');
    if (!isOver) this.holds(old.holds, []);
  }

  private holds(before: Rollout['holds'], after: Rollout['holds']): void {
    for (const { code } of after) if (!before.some((hold) => hold.code === code)) this.add('hold', 'none', code);
    for (const { code } of before) if (!after.some((hold) => hold.code === code)) this.add('hold', code, 'none');
  }

  private add(machine: Machine, from: string, to: string): void {
    if (from !== to) this.seen[machine].add(`${from} -> ${to}`);
  }
}

function gateOf(gates: readonly GateProgress[] | undefined, { when, name }: GateProgress): GateProgress | undefined {
  return gates?.find((gate) => gate.when === when && gate.name === name);
}

/** With its reason, where it has one. */
export function stateOf({ state, reason }: Pick<TargetRow, 'state' | 'reason'>): string {
  return reason === undefined ? state : `${state}(${reason})`;
}
