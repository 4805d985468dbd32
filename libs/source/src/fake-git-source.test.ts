import { describeGitSourceContract } from '#ports/contract-suites/git-source-contract-suite';
import { createFakeGitSource } from './fake-git-source.js';

describeGitSourceContract('the fake', async () => {
  const source = createFakeGitSource();
  const url = 'https://git.example/shop.git';
  return {
    source,
    url,
    commit: async (commit) => source.commit(url, commit),
    tag: async (name, sha) => source.tag(url, name, sha),
    deleteRef: async (name) => source.deleteRef(url, name),
    setReachable: async (reachable) => source.setReachable(url, reachable),
    close: async () => undefined,
  };
});
