import { createHash } from 'node:crypto';
import { RetryableError } from '#kit';
import type { Commit, GitQuestion, GitSource, GitVerification } from '#ports';
import { checkUrl } from './check-url.js';
import type { TreeEntry } from './parse-objects.js';
import { pickVersions } from './pick-version.js';
import { EXPORT_LIMITS, planExport } from './plan-export.js';
import { signatureMissing, signatureRefused } from './signature-errors.js';
import { refNotFound } from './source-errors.js';
import { writeExport } from './write-export.js';

/** A file's text, or a symlink's target. */
export type FakeFile = string | { readonly symlink: string };

export interface FakeCommit {
  /** The whole tree, by path. */
  readonly files: Readonly<Record<string, FakeFile>>;
  /** `main` unless told. */
  readonly branch?: string;
  readonly author?: string;
  readonly subject?: string;
  readonly committedAt?: string;
  /** The key that it is signed with: the text that a source names. */
  readonly signedWith?: string;
}

export interface FakeGitSource extends GitSource {
  /** Makes a commit the branch's newest and answers its id. */
  commit(url: string, commit: FakeCommit): string;
  tag(url: string, name: string, sha: string, signedWith?: string): void;
  deleteRef(url: string, name: string): void;
  /** From now on the repository cannot be reached, or can be again. */
  setReachable(url: string, reachable: boolean): void;
  /** How often each repository was asked. */
  readonly fetches: ReadonlyMap<string, number>;
}

interface StoredCommit {
  readonly commit: Commit;
  readonly files: FakeCommit['files'];
  readonly parent: string | undefined;
  readonly signedWith: string | undefined;
}

interface Repository {
  readonly branches: Map<string, string>;
  readonly tags: Map<string, { readonly sha: string; readonly signedWith: string | undefined }>;
  readonly commits: Map<string, StoredCommit>;
  reachable: boolean;
}

/** A GitSource in memory, for tests: held to the same contract suite as real git. It has no submodules. */
export function createFakeGitSource(): FakeGitSource {
  const repositories = new Map<string, Repository>();
  /** What was seen of each repository while it could be reached. */
  const mirrored = new Set<string>();
  const fetches = new Map<string, number>();

  function repositoryOf(url: string): Repository {
    const repository = repositories.get(url) ?? {
      branches: new Map<string, string>(),
      tags: new Map<string, { readonly sha: string; readonly signedWith: string | undefined }>(),
      commits: new Map<string, StoredCommit>(),
      reachable: true,
    };
    repositories.set(url, repository);
    return repository;
  }

  function fetch(url: string): Repository {
    fetches.set(url, (fetches.get(url) ?? 0) + 1);
    const repository = repositories.get(url);
    if (repository === undefined || !repository.reachable) {
      throw new RetryableError('source-unreachable', `${url} could not be read: no such repository.`);
    }
    for (const id of repository.commits.keys()) mirrored.add(id);
    return repository;
  }

  function find(url: string, ref: string): StoredCommit {
    checkUrl(url, { allowLocal: true });
    const held = repositories.get(url)?.commits.get(ref);
    if (held !== undefined && mirrored.has(ref)) return held;
    const { branches, tags, commits } = fetch(url);
    const name = ref.replace(/^refs\/(heads|tags)\//, '');
    const found = commits.get(branches.get(name) ?? tags.get(name)?.sha ?? ref);
    if (found === undefined) throw refNotFound(url, ref, [...branches.keys(), ...tags.keys()]);
    return found;
  }

  function findVersion(url: string, range: { semver: string; prereleases: boolean }): StoredCommit & { tag: string } {
    checkUrl(url, { allowLocal: true });
    const { tags } = fetch(url);
    const terms = { range: range.semver, prereleases: range.prereleases };
    const [tag = ''] = pickVersions([...tags.keys()], terms, { of: url, field: 'spec.semver' });
    return { ...find(url, `refs/tags/${tag}`), tag };
  }

  function isBehind(url: string, sha: string, ancestor: string): boolean {
    const { commits } = repositoryOf(url);
    for (let at: string | undefined = sha; at !== undefined; at = commits.get(at)?.parent) {
      if (at === ancestor) return true;
    }
    return false;
  }

  function signatureOf(
    { url, verify, ref }: GitQuestion & { verify: GitVerification },
    found: StoredCommit & { readonly tag?: string },
  ): Pick<Commit, 'signature'> {
    const tag = found.tag ?? (typeof ref === 'string' ? ref.replace(/^refs\/tags\//, '') : '');
    const signedWith = verify.of === 'commit' ? found.signedWith : repositoryOf(url).tags.get(tag)?.signedWith;
    const about = { of: verify.of, name: verify.of === 'commit' ? found.commit.sha : tag };
    const key = verify.keys.find((each) => each.key === signedWith);
    if (signedWith !== undefined && key !== undefined) {
      const fingerprint = `SHA256:${createHash('sha256').update(key.key).digest('base64').replace(/=+$/, '')}`;
      return { signature: { kind: 'ssh', signer: key.name, fingerprint, of: verify.of } };
    }
    if (!verify.required) return {};
    throw signedWith === undefined
      ? signatureMissing(about)
      : signatureRefused(about, 'by a key that this source does not name');
  }

  return {
    async resolve(question) {
      const { url, ref, verify, after } = question;
      const found: StoredCommit & { readonly tag?: string } =
        typeof ref === 'string' ? find(url, ref) : findVersion(url, ref);
      const { sha } = found.commit;
      const isLine = typeof ref === 'string' && ref !== sha;
      return {
        ...found.commit,
        ...(found.tag !== undefined && { tag: found.tag }),
        ...(verify && signatureOf({ ...question, verify }, found)),
        ...(after !== undefined && isLine && !isBehind(url, sha, after) && { rewritten: true as const }),
      };
    },
    async treeIds({ url, sha }, paths) {
      const files = Object.entries(find(url, sha).files);
      return paths.map((path) => {
        const inside = files.filter(([name]) => isBelow(name, path));
        return inside.length === 0 ? null : createHash('sha1').update(JSON.stringify(inside)).digest('hex');
      });
    },
    async isAncestor({ url, sha }, ancestor) {
      return isBehind(url, find(url, sha).commit.sha, ancestor);
    },
    fetches,
    async export({ url, sha }, folder, paths = ['.']) {
      const { files } = find(url, sha);
      const bytes = (file: FakeFile): Buffer => Buffer.from(typeof file === 'string' ? file : file.symlink);
      const entries = Object.entries(files)
        .filter(([name, file]) =>
          paths.some((path) => isBelow(name, path) || (typeof file !== 'string' && isBelow(path, name))),
        )
        .map(([path, file]): TreeEntry => ({
          path,
          kind: typeof file === 'string' ? 'file' : 'symlink',
          id: path,
          size: bytes(file).length,
        }));
      await writeExport(planExport(entries, EXPORT_LIMITS), folder, async (chunk) =>
        chunk.map((entry) => bytes(files[entry.path] ?? '')),
      );
    },
    commit(url, { files, branch = 'main', author = 'Ada <ada@example.org>', subject = 'A change', ...more }) {
      const { committedAt, signedWith } = more;
      const repository = repositoryOf(url);
      const parent = repository.branches.get(branch);
      const body = JSON.stringify([url, parent, files, author, subject, committedAt, repository.commits.size]);
      const sha = createHash('sha1').update(body).digest('hex');
      const commit = { sha, author, subject, committedAt: committedAt ?? '2026-01-01T00:00:00.000Z' };
      repository.commits.set(sha, { commit, files, parent, signedWith });
      repository.branches.set(branch, sha);
      return sha;
    },
    tag(url, name, sha, signedWith) {
      repositoryOf(url).tags.set(name, { sha, signedWith });
    },
    deleteRef(url, name) {
      repositoryOf(url).branches.delete(name);
      repositoryOf(url).tags.delete(name);
    },
    setReachable(url, reachable) {
      repositoryOf(url).reachable = reachable;
    },
  };
}

function isBelow(name: string, asked: string): boolean {
  const path = asked.replace(/^(\.\/)+(?=.)|\/+$/g, '');
  return path === '.' || name === path || name.startsWith(`${path}/`);
}
