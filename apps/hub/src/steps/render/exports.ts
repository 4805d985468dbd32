import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RejectedError } from '#kit';
import type { ChartSource, GitSource } from '#ports';
import { CHART_SOURCE, GIT_SOURCE, SETTINGS, type HubSettings } from '../../parts.js';
import { originKey, type PinnedSource } from './declared-sources.js';
import { lackingOf, plainPath, WHOLE, type ExportedPaths } from './exported-paths.js';

/** A folder that nobody uses is kept for so long, as the next application of the repository mostly comes at once, ms. */
const IDLE_MS = 15_000;
/** Most folders that nobody uses. */
const MAX_IDLE = 4;
/** More paths than that are not looked for one by one: all of the commit is written. */
const MAX_PATHS = 400;

interface Kept {
  readonly pin: string;
  readonly paths: ExportedPaths;
  /** Null: what was asked for can't be told from the rest of the commit. */
  readonly folder: Promise<string | null>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** Paths of one commit that are gathered to be written together. */
interface Gathering {
  readonly paths: Set<string>;
  readonly kept: Promise<Kept>;
}

/** A folder with a pinned source, or with some of it. */
export interface Exported {
  readonly folder: string;
  readonly paths: ExportedPaths;
}

/** Folders with pinned sources, as long as it is open. Nobody may write to them. */
export interface OpenExports {
  /** Folder with all of a pinned source. @throws what GitSource.export and ChartSource.export throw. */
  folder(pin: PinnedSource): Promise<string>;
  /**
   * Folder with these paths of it at least, and with no symlink unless it has all of the source: what is not at one of them there is not in the
   * commit. @throws as `folder`.
   */
  part(pin: PinnedSource, paths: readonly string[]): Promise<Exported>;
  close(): void;
}

/** Exports each pinned source once, or what is asked of it, however many overlays and applications are rendered from it. */
@Injectable()
export class Exports implements OnApplicationShutdown {
  private readonly kept = new Set<Kept>();
  private readonly gathering = new Map<string, Gathering>();
  /** The last export of some paths of each commit. */
  private readonly running = new Map<string, Promise<unknown>>();
  private stopped = false;

  constructor(
    @Inject(GIT_SOURCE) private readonly git: GitSource,
    @Inject(CHART_SOURCE) private readonly charts: ChartSource,
    @Inject(SETTINGS) private readonly settings: Pick<HubSettings, 'scratchFolder'>,
  ) {}

  open(): OpenExports {
    const mine = new Set<Kept>();
    const use = (kept: Kept): Kept => {
      if (mine.has(kept)) return kept;
      clearTimeout(kept.idle);
      kept.idle = undefined;
      kept.users += 1;
      mine.add(kept);
      return kept;
    };
    // What failed once fails for everybody who has it open: a server that is away is asked once.
    const find = (pin: PinnedSource, paths: readonly string[]): Kept | undefined =>
      findIn(mine, pin, paths) ?? findIn(this.kept, pin, paths);
    const whole = async (pin: PinnedSource): Promise<Exported> => {
      const folder = await use(find(pin, [WHOLE]) ?? this.keep(pin, null)).folder;
      return { folder: folder ?? '', paths: null };
    };
    return {
      folder: async (pin) => (await whole(pin)).folder,
      part: async (pin, asked) => {
        const paths = new Set(asked.map(plainPath));
        if (!isPartial(pin, paths)) return whole(pin);
        const kept = use(find(pin, [...paths]) ?? (await this.gather(pin, paths)));
        const folder = await kept.folder.catch(ofRejected);
        if (folder !== null) return { folder, paths: kept.paths };
        return await whole(pin).catch(async (error: unknown) => {
          // What others asked for together with it may be what is refused.
          const isAlone = kept.paths === null || kept.paths.size === paths.size;
          if (isAlone || !(error instanceof RejectedError)) throw error;
          const alone = await use(this.keep(pin, paths)).folder.catch(ofRejected);
          if (alone === null) throw error;
          return { folder: alone, paths };
        });
      },
      close: () => {
        for (const kept of mine) this.leave(kept);
        mine.clear();
      },
    };
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.clear();
  }

  /** Removes every folder, used or not. */
  async clear(): Promise<void> {
    await Promise.all([...this.kept].map((kept) => this.remove(kept)));
  }

  /** Whoever asks while others are being answered is answered together with all who do. */
  private async gather(pin: PinnedSource, paths: ReadonlySet<string>): Promise<Kept> {
    const key = keyOf(pin);
    const there = this.gathering.get(key);
    const all = there?.paths ?? new Set<string>();
    for (const path of paths) all.add(path);
    if (there) return there.kept;
    const kept = (async () => {
      await Promise.all([this.running.get(key), new Promise(setImmediate)]);
      this.gathering.delete(key);
      const one = this.keep(pin, all.size > MAX_PATHS ? null : all);
      const run = one.folder.catch(() => undefined);
      this.running.set(key, run);
      run.finally(() => this.running.get(key) === run && this.running.delete(key)).catch(() => undefined);
      return one;
    })();
    this.gathering.set(key, { paths: all, kept });
    return kept;
  }

  private keep(pin: PinnedSource, paths: ExportedPaths): Kept {
    const kept: Kept = { pin: keyOf(pin), paths, folder: this.export(pin, paths), users: 0, idle: undefined };
    this.kept.add(kept);
    // What failed is tried again by whoever asks next.
    kept.folder.then(
      (folder) => folder === null && this.kept.delete(kept),
      () => this.kept.delete(kept),
    );
    return kept;
  }

  private leave(kept: Kept): void {
    kept.users -= 1;
    if (kept.users > 0 || !this.kept.has(kept)) return;
    const [oldest, ...others] = [...this.kept].filter(({ idle }) => idle !== undefined);
    if (oldest && others.length + 1 >= MAX_IDLE) this.drop(oldest);
    if (this.stopped) return this.drop(kept);
    // The one that was used last goes last.
    this.kept.delete(kept);
    this.kept.add(kept);
    kept.idle = setTimeout(() => this.drop(kept), IDLE_MS);
    kept.idle.unref();
  }

  private drop(kept: Kept): void {
    this.remove(kept).catch(() => undefined);
  }

  private async remove(kept: Kept): Promise<void> {
    clearTimeout(kept.idle);
    this.kept.delete(kept);
    const folder = await kept.folder.catch(() => null);
    // The hub empties its scratch folder at each start: what can't be removed now goes then.
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }

  private async export({ origin, revision, version = '' }: PinnedSource, paths: ExportedPaths): Promise<string | null> {
    const folder = await mkdtemp(join(this.settings.scratchFolder, 'tree-'));
    let isUsable = false;
    try {
      if (origin.type !== 'git') await this.charts.export({ ...origin.chart, version, digest: revision }, folder);
      else
        await this.git.export({ ...origin.repository, sha: revision }, folder, paths === null ? undefined : [...paths]);
      isUsable = paths === null || !(await hasSymlinks(folder));
      return isUsable ? folder : null;
    } finally {
      if (!isUsable) await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Whether less than all of it can be written: what a submodule has is not known before it is read. */
function isPartial({ origin }: PinnedSource, paths: ReadonlySet<string>): boolean {
  if (origin.type !== 'git' || origin.repository.submodules === true) return false;
  if (paths.size === 0 || paths.size > MAX_PATHS || paths.has(WHOLE)) return false;
  // What is refused is told by who renders it.
  return ![...paths].some((path) => /^(\/|\.\.(\/|$))|[\p{Cc}\\]/u.test(path));
}

/** One that is there, or on its way. */
function findIn(all: Iterable<Kept>, pin: PinnedSource, paths: readonly string[]): Kept | undefined {
  const key = keyOf(pin);
  return [...all].find((kept) => kept.pin === key && lackingOf(kept.paths, paths).length === 0);
}

/** A symlink may lead to what was not written. */
async function hasSymlinks(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.some((each) => each.isSymbolicLink());
}

function keyOf({ origin, revision }: PinnedSource): string {
  return `${originKey(origin)} ${revision}`;
}

function ofRejected(error: unknown): null {
  if (error instanceof RejectedError) return null;
  throw error;
}
