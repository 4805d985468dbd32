/**
 * Pure: the two releases to compare. What the address names; else the newest with what most clusters run, or where that is the same
 * with the one before it. Undefined: there are no two.
 * @param numbers of releases, the newest first.
 */
export function diffChoice(
  numbers: readonly number[],
  wanted: { readonly from?: string | undefined; readonly to?: string | undefined },
  common: number | undefined,
): { readonly from: number; readonly to: number } | undefined {
  const to = wanted.to === undefined ? numbers[0] : Number(wanted.to);
  if (to === undefined) return undefined;
  const before = numbers.find((number) => number < to);
  const from =
    wanted.from === undefined ? (common !== undefined && common !== to ? common : before) : Number(wanted.from);
  return from === undefined ? undefined : { from, to };
}
