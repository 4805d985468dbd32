import { ENGINE_RULES } from '../rules.js';
import { MemoryShell, type LoggedStep } from './memory-shell.js';

/** Whether what the log leads to is what the shell holds, byte for byte. */
export function isReproduced(shell: MemoryShell): boolean {
  const again = replay(shell.log);
  return JSON.stringify([again.header, [...again.rows]]) === JSON.stringify([shell.header, [...shell.rows]]);
}

/** The state that the logged events alone bring about: only who was loaded, and whether it was heard of, is taken as given. */
export function replay(log: readonly LoggedStep[]): MemoryShell {
  const shell = new MemoryShell('web', ENGINE_RULES, false);
  for (const { event, now, presence } of log) {
    shell.one(event, now, ({ rows }) =>
      presence.flatMap(([uid, present]) => {
        const row = rows.get(uid);
        return row ? [{ row, ...present }] : [];
      }),
    );
  }
  return shell;
}
