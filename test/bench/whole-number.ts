import { RejectedError } from '#kit';

/** An option's text as a number. @throws RejectedError `bad-argument` with the usage. */
export function wholeNumber(
  text: string,
  { least, most, usage }: { readonly least: number; readonly most: number; readonly usage: string },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new RejectedError(
    'bad-argument',
    `${JSON.stringify(text)} must be a whole number from ${least} to ${most}. ${usage}`,
  );
}
