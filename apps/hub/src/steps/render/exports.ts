import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ChartSource, GitSource } from '#ports';
import { CHART_SOURCE, GIT_SOURCE, SETTINGS, type HubSettings } from '../../parts.js';
import { originKey, type PinnedSource } from './declared-sources.js';

/** A folder that nobody uses is kept for so long, as the next application of the repository mostly comes at once, ms. */
const IDLE_MS = 15_000;
/** Most folders that nobody uses. */
const MAX_IDLE = 4;

interface Kept {
  readonly folder: Promise<string>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** Folders with pinned sources, as long as it is open. */
export interface OpenExports {
  /** Folder with all of a pinned source; nobody may write to it. @throws what GitSource.export and ChartSource.export throw. */
  folder(pin: PinnedSource): Promise<string>;
  close(): void;
}

/** Exports each pinned source once, however many overlays and applications are rendered from it. */
@Injectable()
export class Exports implements OnApplicationShutdown {
  private readonly kept = new Map<string, Kept>();
  private stopped = false;

  constructor(
    @Inject(GIT_SOURCE) private readonly git: GitSource,
    @Inject(CHART_SOURCE) private readonly charts: ChartSource,
    @Inject(SETTINGS) private readonly settings: Pick<HubSettings, 'scratchFolder'>,
  ) {}

  open(): OpenExports {
    const mine = new Map<string, Kept>();
    return {
      folder: (pin) => {
        const key = `${originKey(pin.origin)} ${pin.revision}`;
        let kept = mine.get(key);
        if (!kept) {
          kept = this.take(key, pin);
          mine.set(key, kept);
        }
        return kept.folder;
      },
      close: () => {
        for (const [key, kept] of mine) this.leave(key, kept);
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
    await Promise.all([...this.kept].map(([key, kept]) => this.remove(key, kept)));
  }

  private take(key: string, pin: PinnedSource): Kept {
    const there = this.kept.get(key);
    if (there) {
      clearTimeout(there.idle);
      there.idle = undefined;
      there.users += 1;
      return there;
    }
    const kept: Kept = { folder: this.export(pin), users: 1, idle: undefined };
    this.kept.set(key, kept);
    // What failed is tried again by whoever asks next.
    kept.folder.catch(() => {
      if (this.kept.get(key) === kept) this.kept.delete(key);
    });
    return kept;
  }

  private leave(key: string, kept: Kept): void {
    kept.users -= 1;
    if (kept.users > 0 || this.kept.get(key) !== kept) return;
    const idle = [...this.kept].filter(([, { users }]) => users === 0);
    const [oldest] = idle;
    if (oldest && idle.length > MAX_IDLE) this.drop(...oldest);
    if (this.stopped) return this.drop(key, kept);
    // The one that was used last goes last.
    this.kept.delete(key);
    this.kept.set(key, kept);
    kept.idle = setTimeout(() => this.drop(key, kept), IDLE_MS);
    kept.idle.unref();
  }

  private drop(key: string, kept: Kept): void {
    this.remove(key, kept).catch(() => undefined);
  }

  private async remove(key: string, kept: Kept): Promise<void> {
    clearTimeout(kept.idle);
    if (this.kept.get(key) === kept) this.kept.delete(key);
    const folder = await kept.folder.catch(() => null);
    // The hub empties its scratch folder at each start: what can't be removed now goes then.
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }

  private async export({ origin, revision, version = '' }: PinnedSource): Promise<string> {
    const folder = await mkdtemp(join(this.settings.scratchFolder, 'tree-'));
    try {
      if (origin.type === 'git') await this.git.export({ ...origin.repository, sha: revision }, folder);
      else await this.charts.export({ ...origin.chart, version, digest: revision }, folder);
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
}
