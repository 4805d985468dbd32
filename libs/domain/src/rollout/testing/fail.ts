/** @throws Error always: the invariant of this number is broken. */
export function fail(invariant: number, what: string): never {
  throw new Error(`invariant ${invariant}: ${what}`);
}
