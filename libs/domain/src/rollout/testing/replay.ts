import { MemoryShell, type LoggedStep } from './memory-shell.js';

/** The state that the logged events alone bring about. */
export function replay(log: readonly LoggedStep[]): MemoryShell {
  const shell = new MemoryShell();
  for (const { event, now, presence } of log) {
    shell.presence.clear();
    for (const [uid, each] of presence) shell.presence.set(uid, each);
    shell.one(event, now);
  }
  return shell;
}
