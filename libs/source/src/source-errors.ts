import { FlotillaError, messageOf, redactText, RejectedError, RetryableError } from '#kit';
import { GitStopped } from './run-git.js';

/** Puts git's words into one of ours: one line, without the mirror's own path and without anybody's password. */
export function unreachable(url: string, mirror: string, error: unknown): FlotillaError {
  // Ours already, as of a credential that is missing.
  if (error instanceof FlotillaError) return error;
  if (error instanceof GitStopped) {
    switch (error.why) {
      case 'too-large':
        return new RejectedError('repository-too-large', `${url} is larger than this hub takes.`);
      case 'timed-out':
        return new RetryableError('source-unreachable', `${url} did not answer in time.`);
      case 'too-much-output':
        return new RetryableError('source-unreachable', `${url} answered with more than git may print.`);
      case 'closed':
        return new RetryableError('source-unreachable', `${url} was not read: the hub is stopping.`);
    }
  }
  if (
    (error as NodeJS.ErrnoException).code === 'ENOENT' ||
    /spawn \S+ ENOENT|git(\.sh)?: (command )?not found/.test(messageOf(error))
  ) {
    return new RetryableError('program-missing', 'git is not to be found: install git 2.37 or newer on the hub.');
  }
  const said = gitSays(error, mirror);
  const redirect = /returned error: (30[12378])\b/.exec(said)?.[1];
  if (redirect !== undefined) {
    const mend = 'write the address that it leads to as spec.url (often the same with .git at its end)';
    return new RetryableError(
      'source-unreachable',
      `${url} points elsewhere (HTTP ${redirect}), and redirects are not followed: ${mend}.`,
    );
  }
  return new RetryableError('source-unreachable', `${url} could not be read: ${said}`);
}

/** A server may echo what it was let in with. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof Error) || error instanceof GitStopped) return error;
  const message = secrets.reduce((text, secret) => text.replaceAll(secret, '(hidden)'), error.message);
  return message === error.message ? error : new Error(message);
}

/** What a person needs of git's output: the lines that say what failed, and what the server said. */
function gitSays(error: unknown, mirror: string): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines.filter((line) =>
    /^(fatal|error|remote|ssh|Host|Permission|ERROR|kex)\b|: Permission denied/i.test(line),
  );
  const shown = (telling.length > 0 ? telling : lines).slice(0, 4).join(' ');
  return redactText(shown.split(mirror).join('the mirror')).replace(/\s+/g, ' ').slice(0, 500);
}

export function refNotFound(url: string, ref: string, known: readonly string[]): RejectedError {
  const near = nearest(ref, known);
  const hint =
    known.length === 0
      ? 'The repository has no branch and no tag yet.'
      : near !== null
        ? `Did you mean "${near}"?`
        : `It has ${known.slice(0, 5).join(', ')}${known.length > 5 ? ' and others' : ''}.`;
  return new RejectedError('ref-not-found', `${url} has no branch, tag or commit "${ref}". ${hint}`, { ref });
}

/** The known name that takes the fewest changes of a letter, where those are few. */
function nearest(ref: string, known: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of known) {
    const distance = editDistance(ref.toLowerCase(), name.toLowerCase());
    if (
      distance <= Math.max(2, Math.floor(ref.length / 3)) &&
      distance < name.length &&
      (best === null || distance < best.distance)
    ) {
      best = { name, distance };
    }
  }
  return best?.name ?? null;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
