import { Inject, Injectable } from '@nestjs/common';
import { sourceNamesOf } from '#contract';
import type { JsonObject } from '#domain';
import type { Store, StoredResource } from '#ports';
import { STORE } from '../../parts.js';
import { DeclaredSources } from '../render/declared-sources.js';
import type { Rendering } from '../render/render-overlays.js';
import { TreeIds } from '../render/tree-ids.js';

/** What the last whole pass over an application read. */
interface LastPass {
  readonly generation: number;
  readonly release: number;
  readonly read: Rendering['read'];
}

/**
 * Tells which applications a commit changes nothing of, by Git's own ids of what their last pass read: with a thousand of them in one
 * repository, one question to git instead of a thousand passes.
 */
@Injectable()
export class Unchanged {
  private readonly passes = new Map<string, LastPass>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly ids: TreeIds,
  ) {}

  /** After a pass that nothing was in the way of. */
  remember(
    { name, generation }: Pick<StoredResource, 'name' | 'generation'>,
    release: number,
    read: Rendering['read'],
  ): void {
    this.passes.set(name, { generation, release, read });
  }

  /** A pass begins, and may end otherwise. */
  forget(name: string): void {
    this.passes.delete(name);
  }

  /** Whether an application takes anything from a source: it names it, or its last pass read it. */
  uses({ name, spec }: Pick<StoredResource, 'name' | 'spec'>, source: string): boolean {
    if (this.passes.get(name)?.read.has(source) === true) return true;
    return sourceNamesOf(spec).has(source);
  }

  /**
   * Those that need no pass for what a source is at now, with their releases; their status tells from then on that this revision was
   * looked at. None where the source has an error, which every application that hangs on it is to tell.
   */
  async among(source: string, applications: readonly StoredResource[]): Promise<ReadonlyMap<string, number>> {
    const known = applications.flatMap((application) => {
      const pass = this.passes.get(application.name);
      const ids = pass?.read.get(source);
      return pass && ids && pass.generation === application.generation ? [{ application, pass, ids }] : [];
    });
    if (known.length === 0) return new Map();
    const sources = await DeclaredSources.read(this.store.read);
    const now = await this.idsNow(sources, source, [...new Set(known.flatMap(({ ids }) => [...ids.keys()]))]);
    if (now === null) return new Map();
    const same = known.filter(({ ids }) => [...ids].every(([path, id]) => now.ids.get(path) === id));
    const told = same.filter(({ application: { spec } }) => spec['source'] === source);
    await this.store.read.resources.setStatuses(
      'Application',
      new Map(
        told.map(({ application: { name, status } }): [string, JsonObject] => [
          name,
          { ...status, revision: now.revision },
        ]),
      ),
    );
    return new Map(same.map(({ application: { name }, pass }) => [name, pass.release]));
  }

  private async idsNow(
    sources: DeclaredSources,
    source: string,
    paths: readonly string[],
  ): Promise<{ readonly revision: string; readonly ids: ReadonlyMap<string, string | null> } | null> {
    try {
      const pin = sources.pin(source);
      if (pin.stale !== undefined) return null;
      const ids = await this.ids.of(pin, paths);
      return { revision: pin.revision, ids: new Map(paths.map((path, index) => [path, ids[index] ?? null])) };
    } catch (error) {
      // Whatever is in the way, a pass says it better.
      if (error instanceof Error) return null;
      throw error;
    }
  }
}
