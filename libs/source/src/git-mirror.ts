import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '#kit';
import type { GitSource } from '#ports';
import { checkUrl } from './check-url.js';
import { openMirror, type Mirror } from './mirror.js';
import { sweepUnfinished } from './mirror-folder.js';

export interface GitSourceOptions {
  /** The mirrors' folder, this hub's alone; made where it is missing. */
  readonly folder: string;
  readonly log: Logger;
  /** Whether local paths and `file:///` may be sources; false unless told. */
  readonly allowLocal?: boolean;
  /** One fetch, whole; 120,000 ms unless told. */
  readonly timeoutMs?: number;
  /** One mirror on the disk; 2 GiB unless told. */
  readonly maxMirrorBytes?: number;
}

export interface OpenGitSource extends GitSource {
  /** Stops every git that runs; calls under way end with RetryableError `source-unreachable`. */
  close(): void;
}

/** Real git, one bare mirror for each URL. See docs/adr/0005-git-mirrors.md. */
export function openGitSource(options: GitSourceOptions): OpenGitSource {
  const { log, allowLocal = false, timeoutMs = 120_000, maxMirrorBytes = 2 * 1024 ** 3 } = options;
  const root = path.resolve(options.folder);
  const home = path.join(root, 'home');
  const stop = new AbortController();
  // One listener for each git that runs.
  setMaxListeners(0, stop.signal);
  const mirrors = new Map<string, Mirror>();
  let prepared: Promise<void> | null = null;

  async function prepare(): Promise<void> {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await sweepUnfinished(root);
  }

  async function mirrorOf(text: string): Promise<Mirror> {
    const url = checkUrl(text, { allowLocal });
    prepared ??= prepare().catch((error: unknown) => {
      prepared = null;
      throw error;
    });
    await prepared;
    const known = mirrors.get(url);
    if (known !== undefined) return known;
    const name = createHash('sha256').update(url).digest('hex').slice(0, 32);
    const mirror = openMirror({
      url,
      root,
      folder: path.join(root, `${name}.git`),
      git: { home, allowLocal, signal: stop.signal },
      log,
      timeoutMs,
      maxBytes: maxMirrorBytes,
    });
    mirrors.set(url, mirror);
    return mirror;
  }

  return {
    resolve: async ({ url, ref }) => (await mirrorOf(url)).resolve(ref),
    export: async ({ url, sha }, folder) => (await mirrorOf(url)).export(sha, folder),
    close: () => stop.abort(),
  };
}
