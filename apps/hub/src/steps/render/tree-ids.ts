import { Inject, Injectable } from '@nestjs/common';
import type { GitSource } from '#ports';
import { GIT_SOURCE } from '../../parts.js';
import { originKey, type PinnedSource } from './declared-sources.js';

/** Most paths of one question to git. */
const MAX_ASKED = 10_000;
/** Revisions whose ids are remembered. */
const MAX_REVISIONS = 50;
/** Ids remembered of all of them together: some 30 MB. */
const MAX_IDS = 200_000;

type Ids = Map<string, Promise<string | null>>;

interface Asked {
  readonly path: string;
  readonly resolve: (id: string | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Ids of what lies at some paths of a pinned source: equal ids are equal contents. Whoever asks in the same moment shares one process
 * of git, and what was asked once is remembered: a commit never changes.
 */
@Injectable()
export class TreeIds {
  private readonly known = new Map<string, Ids>();
  private readonly waiting = new Map<Ids, Asked[]>();
  private remembered = 0;

  constructor(@Inject(GIT_SOURCE) private readonly git: GitSource) {}

  /** In the order of the paths; null: nothing lies there. @throws what GitSource.treeIds throws. */
  async of(pin: PinnedSource, paths: readonly string[]): Promise<readonly (string | null)[]> {
    // A chart is published as a whole.
    if (pin.origin.type !== 'git') return paths.map(() => pin.revision);
    const key = `${originKey(pin.origin)} ${pin.revision}`;
    const ids = this.idsOf(key);
    const missing = [...new Set(paths)].filter((path) => !ids.has(path));
    if (missing.length > 0) this.ask(pin, ids, missing);
    return Promise.all(paths.map(async (path) => ids.get(path) ?? null));
  }

  private idsOf(key: string): Ids {
    const ids = this.known.get(key) ?? new Map<string, Promise<string | null>>();
    // The one that is asked for last goes last.
    this.known.delete(key);
    this.known.set(key, ids);
    for (const [oldest, { size }] of this.known) {
      if ((this.known.size <= MAX_REVISIONS && this.remembered <= MAX_IDS) || oldest === key) break;
      this.known.delete(oldest);
      this.remembered -= size;
    }
    return ids;
  }

  private ask(pin: PinnedSource, ids: Ids, paths: readonly string[]): void {
    const asked = this.waiting.get(ids) ?? [];
    for (const path of paths) {
      const id = new Promise<string | null>((resolve, reject) => asked.push({ path, resolve, reject }));
      // Told to whoever waits for it; asked again by whoever asks next.
      id.catch(() => {
        ids.delete(path);
        this.remembered -= 1;
      });
      ids.set(path, id);
      this.remembered += 1;
    }
    if (this.waiting.has(ids)) return;
    this.waiting.set(ids, asked);
    setImmediate(() => {
      this.waiting.delete(ids);
      for (let from = 0; from < asked.length; from += MAX_ASKED) {
        this.answer(pin, asked.slice(from, from + MAX_ASKED)).catch(() => undefined);
      }
    });
  }

  private async answer({ origin, revision }: PinnedSource, asked: readonly Asked[]): Promise<void> {
    if (origin.type !== 'git') return;
    try {
      const paths = asked.map(({ path }) => path);
      const found = await this.git.treeIds({ ...origin.repository, sha: revision }, paths);
      asked.forEach(({ resolve }, index) => resolve(found[index] ?? null));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
