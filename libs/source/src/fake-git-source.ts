import { createHash } from 'node:crypto';
import { RejectedError, RetryableError } from '#kit';
import type { Commit, GitSource } from '#ports';
import { checkUrl } from './check-url.js';
import type { TreeEntry } from './parse-objects.js';
import { EXPORT_LIMITS, planExport } from './plan-export.js';
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
}

export interface FakeGitSource extends GitSource {
  /** Makes a commit the branch's newest and answers its id. */
  commit(url: string, commit: FakeCommit): string;
  tag(url: string, name: string, sha: string): void;
  deleteRef(url: string, name: string): void;
  /** From now on the repository cannot be reached, or can be again. */
  setReachable(url: string, reachable: boolean): void;
  /** How often each repository was asked. */
  readonly fetches: ReadonlyMap<string, number>;
}

interface Repository {
  readonly branches: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly commits: Map<string, { readonly commit: Commit; readonly files: FakeCommit['files'] }>;
  reachable: boolean;
}

/** A GitSource in memory, for tests: held to the same contract suite as real git. */
export function createFakeGitSource(): FakeGitSource {
  const repositories = new Map<string, Repository>();
  /** What was seen of each repository while it could be reached. */
  const mirrored = new Set<string>();
  const fetches = new Map<string, number>();

  function repositoryOf(url: string): Repository {
    const repository = repositories.get(url) ?? {
      branches: new Map<string, string>(),
      tags: new Map<string, string>(),
      commits: new Map<string, { readonly commit: Commit; readonly files: FakeCommit['files'] }>(),
      reachable: true,
    };
    repositories.set(url, repository);
    return repository;
  }

  async function resolve({ url, ref }: { readonly url: string; readonly ref: string }): Promise<Commit> {
    checkUrl(url, { allowLocal: true });
    const repository = repositories.get(url);
    const held = repository?.commits.get(ref);
    if (held !== undefined && mirrored.has(ref)) return held.commit;
    fetches.set(url, (fetches.get(url) ?? 0) + 1);
    if (repository === undefined || !repository.reachable) {
      throw new RetryableError('source-unreachable', `${url} could not be read: no such repository.`);
    }
    const name = ref.replace(/^refs\/(heads|tags)\//, '');
    const sha = repository.branches.get(name) ?? repository.tags.get(name) ?? ref;
    const found = repository.commits.get(sha);
    if (found === undefined) throw refNotFound(url, ref, [...repository.branches.keys(), ...repository.tags.keys()]);
    for (const id of repository.commits.keys()) mirrored.add(id);
    return found.commit;
  }

  return {
    async resolve({ url, ref }) {
      if (typeof ref !== 'string') throw new RejectedError('version-not-found', 'The fake knows no versions.');
      return resolve({ url, ref });
    },
    async treeIds({ url, sha }, paths) {
      await resolve({ url, ref: sha });
      const files = Object.entries(repositoryOf(url).commits.get(sha)?.files ?? {});
      return paths.map((path) => {
        const inside = files.filter(([name]) => path === '.' || name === path || name.startsWith(`${path}/`));
        return inside.length === 0 ? null : createHash('sha1').update(JSON.stringify(inside)).digest('hex');
      });
    },
    async isAncestor({ url, sha }, ancestor) {
      await resolve({ url, ref: sha });
      const order = [...repositoryOf(url).commits.keys()];
      return order.includes(ancestor) && order.indexOf(ancestor) <= order.indexOf(sha);
    },
    fetches,
    async export({ url, sha }, folder) {
      await resolve({ url, ref: sha });
      const files = repositoryOf(url).commits.get(sha)?.files ?? {};
      const bytes = (file: FakeFile): Buffer => Buffer.from(typeof file === 'string' ? file : file.symlink);
      const entries = Object.entries(files).map(([path, file]): TreeEntry => ({
        path,
        kind: typeof file === 'string' ? 'file' : 'symlink',
        id: path,
        size: bytes(file).length,
      }));
      await writeExport(planExport(entries, EXPORT_LIMITS), folder, async (chunk) =>
        chunk.map((entry) => bytes(files[entry.path] ?? '')),
      );
    },
    commit(url, { files, branch = 'main', author = 'Ada <ada@example.org>', subject = 'A change', committedAt }) {
      const repository = repositoryOf(url);
      const parent = repository.branches.get(branch) ?? '';
      const body = JSON.stringify([url, parent, files, author, subject, committedAt, repository.commits.size]);
      const sha = createHash('sha1').update(body).digest('hex');
      const commit = { sha, author, subject, committedAt: committedAt ?? '2026-01-01T00:00:00.000Z' };
      repository.commits.set(sha, { commit, files });
      repository.branches.set(branch, sha);
      return sha;
    },
    tag(url, name, sha) {
      repositoryOf(url).tags.set(name, sha);
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
