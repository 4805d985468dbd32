import { messageOf } from '#kit';
import type { GitAccess } from './git-access.js';
import { packBytes } from './mirror-folder.js';
import { GitStopped, runGit, type GitOptions } from './run-git.js';
import { withoutSecrets } from './source-errors.js';

export interface FetchOptions {
  /** As git is given it. */
  readonly remote: string;
  readonly git: GitOptions;
  /** Asked before each fetch. */
  readonly access: () => Promise<GitAccess>;
  /** Of one fetch. */
  readonly timeoutMs: number;
  /** Of the mirror on the disk. */
  readonly maxBytes: number;
}

/** What a fetch brings. */
export interface FetchTerms {
  readonly folder: string;
  /** Whether the mirror may do without some contents and some history. */
  readonly partial: boolean;
  /** Refspecs or ids of commits; none where objects are named. */
  readonly refs?: readonly string[];
  /** Ids of trees and files that are missing: trees come whole, without their files. */
  readonly objects?: readonly string[];
  /** `tip` the commits themselves · `whole` all of their history, commits alone; what came since the last fetch unless told. */
  readonly depth?: 'tip' | 'whole';
  /** Asks for objects although some of what they hold is there. */
  readonly again?: boolean;
}

const everyCommit = 2_147_483_647;
const mebibyte = 1024 * 1024;

/** What servers say that hand out nothing but whole repositories. */
const ofOldServer = /does not support shallow|unadvertised object/i;

/** Whether a fetch failed because the server knows no part of a repository. */
export function wantsWhole(error: unknown): boolean {
  return !(error instanceof GitStopped) && ofOldServer.test(messageOf(error, 20_000));
}

/**
 * Brings something from the remote into a mirror. A partial mirror is one only to these runs of git, which are told of it on the command line: to every other run
 * an object that is not there is missing, and no git ever fetches by itself, past the addresses that were looked at and without a credential.
 * @throws GitStopped, or what git said as an Error
 */
export async function fetchInto(options: FetchOptions, terms: FetchTerms): Promise<void> {
  const access = await options.access();
  const tooLarge = new AbortController();
  // git has no limit of its own for what a fetch brings.
  const watch = setInterval(() => {
    packBytes(terms.folder).then(
      (bytes) => bytes > options.maxBytes && tooLarge.abort(new GitStopped('too-large')),
      () => undefined,
    );
  }, 250);
  try {
    await runGit(options.git, {
      folder: terms.folder,
      args: fetchArguments(options.remote, terms),
      timeoutMs: options.timeoutMs,
      maxOutputBytes: 32 * mebibyte,
      signal: tooLarge.signal,
      env: access.env,
      ...(terms.objects && { stdin: terms.objects.map((id) => `${id}\n`).join('') }),
    });
  } catch (error) {
    throw withoutSecrets(error, access.secrets);
  } finally {
    clearInterval(watch);
    await access.dispose();
  }
  if ((await packBytes(terms.folder)) > options.maxBytes) throw new GitStopped('too-large');
}

/** Settings by which a run of git takes a mirror for the partial clone that it is. */
export function partialSettings(remote: string): readonly string[] {
  const settings = [`url=${remote}`, 'promisor=true', 'partialclonefilter=blob:none'];
  return settings.flatMap((each) => ['-c', `remote.origin.${each}`]);
}

function fetchArguments(remote: string, { partial, refs = [], objects, depth, again }: FetchTerms): string[] {
  const filter = depth === 'whole' ? 'tree:0' : 'blob:none';
  return [
    ...(partial ? partialSettings(remote) : []),
    // What the mirror has says nothing of the objects that are asked for.
    ...(objects ? ['-c', 'fetch.negotiationAlgorithm=noop'] : []),
    'fetch',
    // --verbose: simple-git waits 50 ms more for a process that printed nothing.
    ...[
      '--verbose',
      '--no-tags',
      '--force',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
    ],
    ...(partial ? [`--filter=${filter}`] : []),
    ...(partial && depth ? [`--depth=${depth === 'tip' ? 1 : everyCommit}`] : []),
    ...(again ? ['--refetch'] : []),
    ...(objects ? ['--stdin', '--', 'origin'] : ['--prune', '--', partial ? 'origin' : remote, ...refs]),
  ];
}
