import { RejectedError } from '#kit';
import type { CliContext } from './context.js';

/**
 * Lets a person confirm what can't be taken back.
 * @throws RejectedError when they don't, or when nobody sits there and --yes was not given.
 */
export async function confirm(context: CliContext, yes: boolean, what: string): Promise<void> {
  if (yes) return;
  if (context.ask === null)
    throw new RejectedError('not-confirmed', `${what} Give --yes to do it: nobody can be asked here.`);
  const answer = await context.ask(`${what} Go on? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new RejectedError('not-confirmed', 'Nothing was changed.');
}
