import { describeGitSourceContract } from '#ports/contract-suites/git-source-contract-suite';
import { createFakeGitSource } from './fake-git-source.js';

describeGitSourceContract('the fake', async () => {
  const source = createFakeGitSource();
  const url = 'https://git.example/shop.git';
  return {
    source,
    url,
    commit: async (commit) => source.commit(url, commit),
    tag: async (name, sha, signedWith) => source.tag(url, name, sha, signedWith),
    makeKey: async () => `ssh-ed25519 AAAA${Math.random()}`,
    deleteRef: async (name) => source.deleteRef(url, name),
    setReachable: async (reachable) => source.setReachable(url, reachable),
    close: async () => undefined,
  };
});
