/** What a rollout's hold says that a person paused. */
export function pauseText(by: { readonly actor: string; readonly hard?: boolean; readonly reason?: string }): string {
  const why = by.reason === undefined ? '' : `: ${by.reason}`;
  return `paused ${by.hard ? 'hard ' : ''}by ${by.actor}${why}`;
}

/** The reason that was given for a pause, of what its hold says; null: none was. */
export function pauseReason(message: string): string | null {
  return /^paused (?:hard )?by .+?: (.+)$/s.exec(message)?.[1] ?? null;
}
