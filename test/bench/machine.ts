import os from 'node:os';

/** What the figures were measured on. */
export function machine(): object {
  return {
    cores: os.availableParallelism(),
    node: process.versions.node,
    load: os.loadavg().map((each) => Math.round(each * 10) / 10),
  };
}

/** Milliseconds of wall clock and of this process's CPU, which other work on the machine does not lengthen as much. */
export interface Took {
  readonly ms: number;
  readonly cpuMs: number;
}

export function stopwatch(): () => Took {
  const cpu = process.cpuUsage();
  const began = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - began, cpuMs: (user + system) / 1000 };
  };
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
