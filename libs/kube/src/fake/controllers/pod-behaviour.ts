/** What a container does, as the tag of its image says. */
export type ContainerBehaviour =
  | { readonly does: 'run'; readonly startMs: number }
  | { readonly does: 'not-pull' }
  | { readonly does: 'crash'; readonly reason: 'Error' | 'OOMKilled' }
  | { readonly does: 'crash-later'; readonly afterMs: number }
  | { readonly does: 'stay-unready' };

const word = /[:-](bad|crash-after-(\d+)(ms|s|m)|crash|oom|unready|slow(?:-(\d+)(ms|s|m))?)(?:@.*)?$/;
const slowMs = 60_000;

function milliseconds(amount: string, unit: string | undefined): number {
  return Number(amount) * (unit === 'ms' ? 1 : unit === 'm' ? 60_000 : 1000);
}

/**
 * The tag is the word or ends with a dash and the word: `app:bad` is never pulled, `app:crash` and `app:oom` fail at once, `app:crash-after-30s`
 * runs so long and then fails for good, `app:slow` starts after a minute (`app:2-slow-20s` after 20 s), `app:unready` runs and never gets ready.
 */
export function behaviourOf(image: string, readyMs: number): ContainerBehaviour {
  const match = word.exec(image);
  if (match === null) return { does: 'run', startMs: readyMs };
  const [, mark = '', crashAmount, crashUnit, slowAmount, slowUnit] = match;
  if (mark === 'bad') return { does: 'not-pull' };
  if (mark === 'crash') return { does: 'crash', reason: 'Error' };
  if (mark === 'oom') return { does: 'crash', reason: 'OOMKilled' };
  if (mark === 'unready') return { does: 'stay-unready' };
  if (crashAmount !== undefined) return { does: 'crash-later', afterMs: milliseconds(crashAmount, crashUnit) };
  return { does: 'run', startMs: slowAmount === undefined ? slowMs : milliseconds(slowAmount, slowUnit) };
}
