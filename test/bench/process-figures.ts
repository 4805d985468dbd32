import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second: fixed at 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of CPU, its own and that of children that it has waited for. */
  readonly cpu: number;
}

function readStat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return { pid, parent: Number(fields[1]), cpu: ticks / TICKS_PER_SECOND };
  } catch {
    return null;
  }
}

/** The process and all that descend from it now. */
export function processTree(pid: number): readonly number[] {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
  const tree = [pid];
  for (let index = 0; index < tree.length; index += 1) {
    tree.push(...stats.filter(({ parent }) => parent === tree[index]).map(({ pid: child }) => child));
  }
  return tree;
}

/** Seconds of CPU that a process has used, with its living descendants where `tree` is set. */
export function cpuSeconds(pid: number, tree = false): number {
  return (tree ? processTree(pid) : [pid]).reduce((sum, each) => sum + (readStat(each)?.cpu ?? 0), 0);
}

/** Resident memory in MiB. */
export function rssMiB(pid: number): number {
  return kilobytes(`/proc/${pid}/status`, 'VmRSS') / 1024;
}

export interface Memory {
  /** Resident now, MiB: VmRSS. */
  readonly rss: number;
  /** Most that was resident since the start, MiB: VmHWM. */
  readonly peak: number;
}

export function memoryOf(pid: number): Memory {
  const file = `/proc/${pid}/status`;
  return { rss: kilobytes(file, 'VmRSS') / 1024, peak: kilobytes(file, 'VmHWM') / 1024 };
}

/** Memory in MiB of a process and its descendants, shared pages counted once among them: PSS. */
export function pssMiB(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + kilobytes(`/proc/${each}/smaps_rollup`, 'Pss'), 0) / 1024;
}

function kilobytes(file: string, field: string): number {
  try {
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
