import { DEFAULT_REF, type SourceSpec } from '#contract';
import { RejectedError } from '#kit';
import type { Commit, GitQuestion, GitSource } from '#ports';
import { repositoryOf } from '../assign/inputs.js';

/** What a source of type git asks its repository. */
export function gitQuestion(spec: SourceSpec, after?: string): GitQuestion {
  const { ref = DEFAULT_REF, semver, prereleases = false, verify } = spec;
  return {
    ...repositoryOf(spec),
    ref: semver === undefined ? ref : { semver, prereleases },
    ...(verify && { verify: { of: verify.of, keys: verify.keys, required: verify.mode === 'require' } }),
    ...(after !== undefined && { after }),
  };
}

/**
 * The commit that a source of type git is at.
 * @param after the commit that it was at before, under the same spec
 * @throws RejectedError `history-rewritten` where that one is not in its history and the source follows no rewrites; what GitSource.resolve throws
 */
export async function readGit(git: GitSource, spec: SourceSpec, after: string | undefined): Promise<Commit> {
  const commit = await git.resolve(gitQuestion(spec, after));
  if (commit.rewritten !== true || spec.rewrites === 'follow') return commit;
  const [was, is] = [after ?? '', commit.sha].map((sha) => sha.slice(0, 12));
  throw new RejectedError(
    'history-rewritten',
    `${spec.ref ?? DEFAULT_REF} was rewritten: ${was}, which it was at, is not in the history of ${is}. ` +
      'Push a history that has it, or set spec.rewrites: follow.',
  );
}
