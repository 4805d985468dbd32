import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { BugError, type Logger, type Resolve } from '#kit';
import type { Commit, GitCredential, GitRef, GitRepository, GitSource, GitVerification, ReadCredential } from '#ports';
import { checkUrl } from './check-url.js';
import { type GitAccess, openAccess } from './git-access.js';
import { gatherTree, type OpenedTree } from './gather-tree.js';
import { isFullId, openMirror, type Mirror } from './mirror.js';
import { sweepUnfinished } from './mirror-folder.js';
import { EXPORT_LIMITS, planExport } from './plan-export.js';
import { boundGit, gitVersion } from './run-git.js';
import type { RouteTerms } from './open-route.js';
import type { GitUrl } from './parse-git-url.js';
import { openVerifier, type SignedSubject } from './signatures/verify-signed.js';
import { submoduleUrl } from './submodule-url.js';
import { writeExport } from './write-export.js';

export interface GitSourceOptions {
  /** The mirrors' folder, this hub's alone; made where it is missing. */
  readonly folder: string;
  readonly log: Logger;
  /** Whether local paths and `file:///` may be sources; false unless told. */
  readonly allowLocal?: boolean;
  /** Whether sources may be at the hub's own machine and link (loopback and link-local addresses); false unless told. */
  readonly allowLocalAddresses?: boolean;
  /** Resolves hosts' names; the system's unless told. */
  readonly resolve?: Resolve;
  /** Gives what a source's credential holds; none are known unless told. */
  readonly credentials?: ReadCredential;
  /** One fetch, whole; 120,000 ms unless told. */
  readonly timeoutMs?: number;
  /** One mirror on the disk; 2 GiB unless told. */
  readonly maxMirrorBytes?: number;
  /** Memory of one process of git; 2 GiB unless told. */
  readonly maxMemoryBytes?: number;
}

export interface OpenGitSource extends GitSource {
  /** Stops every git that runs; calls under way end with RetryableError `source-unreachable`. */
  close(): void;
}

const GIBIBYTE = 1024 ** 3;
/** Since when `http.curloptResolve` is known. */
const PINNING_GIT = 2.037;
/** Of one export. */
const MAX_PATHS = 500;

/** Real git, one bare mirror for each URL. See docs/adr/0005-git-mirrors.md. */
export function openGitSource(options: GitSourceOptions): OpenGitSource {
  const { log, allowLocal = false, timeoutMs = 120_000, maxMirrorBytes = 2 * GIBIBYTE } = options;
  const root = path.resolve(options.folder);
  const home = path.join(root, 'home');
  const stop = new AbortController();
  // One listener for each git that runs.
  setMaxListeners(0, stop.signal);
  const route: RouteTerms = {
    rules: { allowLocal: options.allowLocalAddresses ?? false, setting: 'FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES' },
    ...(options.resolve && { resolve: options.resolve }),
  };
  const mirrors = new Map<string, Mirror>();
  const verifySigned = openVerifier(root);
  /** Resolves to the program that git is started by. */
  let prepared: Promise<string> | null = null;

  async function prepare(): Promise<string> {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await sweepUnfinished(root);
    const program = await boundGit(home, options.maxMemoryBytes ?? 2 * GIBIBYTE);
    const version = await gitVersion({ program, home, allowLocal }, root);
    if (version !== null && version < PINNING_GIT) {
      const text =
        'git is older than 2.37 and is not told the addresses that were looked at: it resolves names of HTTPS sources itself';
      log.warn({ version }, text);
    }
    return program;
  }

  async function mirrorOf({ url: text, credential }: GitRepository): Promise<Mirror> {
    const parsed = checkUrl(text, { allowLocal });
    // Who may read a repository is the host's to say: what one credential brought is not another's.
    const key = credential === undefined ? text : `${text}\n${credential}`;
    prepared ??= prepare().catch((error: unknown) => {
      prepared = null;
      throw error;
    });
    const program = await prepared;
    const known = mirrors.get(key);
    if (known !== undefined) return known;
    const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const mirror = openMirror({
      url: text,
      // On this disk there is nothing to save.
      partial: parsed.kind !== 'file',
      remote: parsed.text,
      root,
      folder: path.join(root, `${name}.git`),
      access: () => accessTo(parsed, credential),
      git: { program, home, allowLocal, signal: stop.signal },
      log,
      timeoutMs,
      maxBytes: maxMirrorBytes,
    });
    mirrors.set(key, mirror);
    return mirror;
  }

  async function accessTo(url: GitUrl, name: string | undefined): Promise<GitAccess> {
    const credential = name === undefined ? null : { name, value: await credentialOf(name) };
    return await openAccess({ url, route, credential }, root);
  }

  async function credentialOf(name: string): Promise<GitCredential> {
    const { credentials } = options;
    if (credentials === undefined)
      throw new BugError('no-credentials', 'This git source was opened without credentials.');
    return await credentials(name);
  }

  /** The mirror of a repository, with its submodules where it may have some. */
  async function treeOf(repository: GitRepository): Promise<OpenedTree> {
    const tree = await mirrorOf(repository);
    if (repository.submodules !== true) return { tree };
    const parent = checkUrl(repository.url, { allowLocal });
    return {
      tree,
      openSubmodule: async (submodule) => treeOf({ ...repository, url: submoduleUrl(parent, submodule) }),
    };
  }

  async function exportTo(repository: GitRepository, sha: string, folder: string, paths?: readonly string[]) {
    if (paths !== undefined && paths.length > MAX_PATHS) {
      throw new BugError('too-many-paths', `An export is of at most ${MAX_PATHS} paths.`);
    }
    const { entries, read } = await gatherTree(await treeOf(repository), sha, paths);
    await writeExport(planExport(entries, EXPORT_LIMITS), folder, read);
  }

  return {
    async resolve({ ref, verify, after, ...repository }) {
      const mirror = await mirrorOf(repository);
      const commit =
        typeof ref === 'string'
          ? await mirror.resolve(ref)
          : await mirror.resolveVersion({ range: ref.semver, prereleases: ref.prereleases });
      const signature = verify ? await verifySigned(await signedOf(mirror, commit, ref, verify), verify) : null;
      return { ...commit, ...(signature && { signature }), ...(await rewrittenSince(mirror, commit, ref, after)) };
    },
    treeIds: async ({ sha, ...repository }, paths) => (await mirrorOf(repository)).ids(sha, paths),
    isAncestor: async ({ sha, ...repository }, ancestor) => (await mirrorOf(repository)).isAncestor(sha, ancestor),
    export: async ({ sha, ...repository }, folder, paths) => exportTo(repository, sha, folder, paths),
    close: () => stop.abort(),
  };
}

/** What is to bear a signature. A branch goes before a tag of its name, and is none. */
async function signedOf(mirror: Mirror, commit: Commit, ref: GitRef, { of }: GitVerification): Promise<SignedSubject> {
  const { sha } = commit;
  if (of === 'commit') return { sha, tag: null, object: await mirror.object(sha) };
  const tag = commit.tag ?? (typeof ref === 'string' ? ref.replace(/^refs\/tags\//, '') : '');
  const isBranch = commit.tag === undefined && ref === tag && (await mirror.object(`refs/heads/${tag}`)) !== null;
  const object = isBranch || isFullId(tag) ? null : await mirror.object(`refs/tags/${tag}`);
  return { sha, tag, object: object?.type === 'tag' ? object : null };
}

/** A range goes from tag to tag, which are on no line; a commit that is named stays what it is. */
async function rewrittenSince(
  mirror: Mirror,
  { sha }: Commit,
  ref: GitRef,
  after: string | undefined,
): Promise<{ rewritten?: true }> {
  if (after === undefined || after === sha || typeof ref !== 'string' || isFullId(ref)) return {};
  return (await mirror.isAncestor(sha, after)) ? {} : { rewritten: true };
}
