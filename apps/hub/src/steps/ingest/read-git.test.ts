import { describe, expect, it } from '@jest/globals';
import { sourceSpecSchema } from '#contract';
import { createFakeGitSource } from '#source';
import { gitQuestion, readGit } from './read-git.js';

const url = 'https://git.example.org/shop.git';
const specOf = (fields: object = {}) => sourceSpecSchema.parse({ url, ...fields });

it('asks a repository for what the spec of its source says', () => {
  expect(gitQuestion(specOf())).toEqual({ url, ref: 'main' });
  const verify = { of: 'tag', keys: [{ name: 'Ann', key: 'ssh-ed25519 AAAA' }], mode: 'report' };
  expect(
    gitQuestion(specOf({ semver: '>=1 <2', submodules: true, credential: 'shop', verify }), 'a'.repeat(40)),
  ).toEqual({
    url,
    credential: 'shop',
    submodules: true,
    ref: { semver: '>=1 <2', prereleases: false },
    verify: { of: 'tag', keys: [{ name: 'Ann', key: 'ssh-ed25519 AAAA' }], required: false },
    after: 'a'.repeat(40),
  });
});

describe('a branch whose history was rewritten', () => {
  async function rewritten() {
    const git = createFakeGitSource();
    const first = git.commit(url, { files: { a: '1' } });
    const lost = git.commit(url, { files: { a: '2' } });
    git.deleteRef(url, 'main');
    return { git, first, lost, head: git.commit(url, { files: { a: '3' } }) };
  }

  it('is refused with both commits and the mend, and taken where the source follows', async () => {
    const { git, lost, head } = await rewritten();
    await expect(readGit(git, specOf(), lost)).rejects.toMatchObject({
      code: 'history-rewritten',
      message:
        `main was rewritten: ${lost.slice(0, 12)}, which it was at, is not in the history of ${head.slice(0, 12)}. ` +
        'Push a history that has it, or set spec.rewrites: follow.',
    });
    expect(await readGit(git, specOf({ rewrites: 'follow' }), lost)).toMatchObject({ sha: head });
  });

  it('is read where nothing was read before', async () => {
    const { git, head } = await rewritten();
    expect(await readGit(git, specOf(), undefined)).toMatchObject({ sha: head });
  });
});
