import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { jest, afterAll, beforeAll } from '@jest/globals';
import { ensureCertificates } from '#bus';
import { createLogger } from '#kit';
import type { GitCredential, GitSource } from '#ports';
import { describeGitSourceContract } from '#ports/contract-suites/git-source-contract-suite';
import { openGitSource } from '#source';
import { makeTestRepository } from '../../libs/source/src/test-repository.js';
import { startHttpsGitServer } from './https-git-server.js';
import { startSshGitServer } from './ssh-git-server.js';

// Dozens of processes each, on a machine that may have other things to do.
jest.setTimeout(120_000);
const PASSWORD = 'token-0123456789-of-the-hub';
const silent = createLogger({ level: 'silent' });

let folder: string;
let https: Awaited<ReturnType<typeof startHttpsGitServer>>;
let ssh: Awaited<ReturnType<typeof startSshGitServer>>;
let ca: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-servers-'));
  const certificates = await ensureCertificates(path.join(folder, 'certificates'), { names: [], ips: [] });
  ca = certificates.caPem;
  https = await startHttpsGitServer({ certificates, root: os.tmpdir(), username: 'hub', password: PASSWORD });
  ssh = await startSshGitServer(path.join(folder, 'sshd'));
}, 60_000);
afterAll(async () => {
  await https?.close();
  await ssh?.close();
  await rm(folder, { recursive: true, force: true });
});

async function openHarness(credentialOf: () => GitCredential, urlOf: (repository: string) => string) {
  const repository = await makeTestRepository();
  const credential = credentialOf();
  const real = openGitSource({
    folder: path.join(repository.folder, 'mirrors'),
    log: silent,
    allowLocalAddresses: true,
    credentials: async () => credential,
  });
  const withCredential = <T extends { url: string }>(source: T): T => ({ ...source, credential: 'it' });
  return {
    source: {
      resolve: (question) => real.resolve(withCredential(question)),
      treeIds: (source, paths) => real.treeIds(withCredential(source), paths),
      isAncestor: (source, ancestor) => real.isAncestor(withCredential(source), ancestor),
      export: (source, to, paths) => real.export(withCredential(source), to, paths),
    } satisfies GitSource,
    url: urlOf(`${repository.path}/.git`),
    commit: repository.commit,
    tag: repository.tag,
    makeKey: repository.makeKey,
    deleteRef: repository.deleteRef,
    setReachable: repository.setReachable,
    close: async () => {
      real.close();
      await repository.remove();
    },
  };
}

// In parts: what an export needs is fetched when it is needed.
describeGitSourceContract(
  'real git over HTTPS',
  () =>
    openHarness(
      () => ({ kind: 'https', host: https.host, username: 'hub', password: PASSWORD, ca }),
      (repository) => `https://${https.host}/${path.relative(os.tmpdir(), repository)}`,
    ),
  { wire: true },
);

// This sshd passes no version of the protocol on, so that the server hands out nothing but whole repositories.
describeGitSourceContract(
  'real git over SSH',
  () =>
    openHarness(
      () => ({ kind: 'ssh', host: ssh.host, privateKey: ssh.clientKey, knownHosts: ssh.knownHosts }),
      (repository) => `ssh://${ssh.user}@${ssh.host}${repository}`,
    ),
  { wire: true },
);
