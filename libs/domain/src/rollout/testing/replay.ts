import { MemoryShell, type LoggedStep } from './memory-shell.js';

/** The state that the logged events alone bring about: only who was loaded, and whether it was heard of, is taken as given. */
export function replay(log: readonly LoggedStep[]): MemoryShell {
  const shell = new MemoryShell();
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
