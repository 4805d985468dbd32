import { sourceSpecSchema, type SourceSpec } from '#contract';
import type { Hold } from '#domain';
import { RejectedError } from '#kit';
import type { ChartRepository, GitRepository, ReleaseSource, RemoteBase, StoredResource, Unit } from '#ports';
import { repositoryOf as repositoryNamed } from '#source';
import { Blocked, repositoryOf } from '../assign/inputs.js';

/** Where a source is read from. */
export type Origin =
  | { readonly type: 'git'; readonly repository: GitRepository }
  | { readonly type: 'helm' | 'oci'; readonly chart: ChartRepository };

/** A source at one revision, and where to read that from. */
export interface PinnedSource extends ReleaseSource {
  /** The Source's. */
  readonly name: string;
  readonly origin: Origin;
  /** Why the source can't be read now: this is the last revision that could be, and newcomers still get it. */
  readonly stale?: string;
}

type SourceStatus = Partial<ReleaseSource> & { readonly holds?: readonly Hold[] };

interface Declared {
  readonly spec: SourceSpec;
  readonly status: SourceStatus;
}

/** The declared sources as one pass over an application sees them: no commit comes in between. */
export class DeclaredSources {
  private constructor(private readonly byName: ReadonlyMap<string, Declared>) {}

  static async read({ resources }: Pick<Unit, 'resources'>): Promise<DeclaredSources> {
    return DeclaredSources.of(await resources.list('Source'));
  }

  static of(sources: readonly Pick<StoredResource, 'name' | 'spec' | 'status'>[]): DeclaredSources {
    const byName = new Map<string, Declared>();
    for (const { name, spec, status } of sources) {
      const { data } = sourceSpecSchema.safeParse(spec);
      if (data) byName.set(name, { spec: data, status: status });
    }
    return new DeclaredSources(byName);
  }

  /** Whether a source is a chart of a chart repository or registry; false where it is not declared. */
  isChart(name: string): boolean {
    return (this.byName.get(name)?.spec.type ?? 'git') !== 'git';
  }

  /** What a source was last resolved to. @throws Blocked where it was not. */
  pin(name: string): PinnedSource {
    const { status } = this.find(name);
    const why = status.holds?.[0]?.message.replace(/; what runs stays as it is$/, '');
    if (!status.revision) throw new Blocked('source', `Source "${name}"${why ? `: ${why}` : ' has not been read yet'}`);
    const { revision, tag, version, signature, author, subject, committedAt } = status;
    return {
      ...this.at(name, { revision, tag, version, signature, author, subject, committedAt }),
      ...(why && { stale: `Source "${name}": ${why}` }),
    };
  }

  /** A source at a revision that it was once resolved to. @throws Blocked where it is not declared, or is a chart now and was none. */
  at(name: string, told: { readonly [K in keyof ReleaseSource]: ReleaseSource[K] | undefined }): PinnedSource {
    const origin = originOf(this.find(name).spec);
    const known = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
    const pinned: PinnedSource = { ...(known as unknown as ReleaseSource), name, origin };
    if (origin.type !== 'git' && (pinned.version === undefined || !/^[0-9a-f]{64}$/.test(pinned.revision)))
      throw new Blocked('source', `Source "${name}" has not been read yet since it became a chart`);
    return pinned;
  }

  /**
   * The declared source that a remote base is of; null: none is. Whoever pushes to a repository names its bases, so these are of
   * sources that anybody may read, or that are read as the repository itself is: nobody's private source gets into another's bundle.
   * @param mine name of the source whose repository has the base
   * @throws RejectedError `remote-base` where sources have that repository, and none of them has what the base asks for.
   */
  baseOf({ url, ref }: RemoteBase, mine: string): PinnedSource | null {
    const wanted = repositoryNamed(url);
    const own = this.byName.get(mine)?.spec.credential;
    const there = [...this.byName].filter(
      ([name, { spec }]) =>
        spec.type === 'git' &&
        (name === mine || spec.credential === undefined || spec.credential === own) &&
        (spec.url === url || (wanted !== null && repositoryNamed(spec.url) === wanted)),
    );
    if (there.length === 0) return null;
    const names = there.map(([name]) => `"${name}"`).join(', ');
    const fitting = there.filter(
      ([, { spec, status }]) =>
        ref === undefined || [spec.ref, status.tag, status.revision].includes(ref.replace(/^refs\/(heads|tags)\//, '')),
    );
    const [first, second] = fitting;
    if (first && !second) return this.pin(first[0]);
    const why = first
      ? `several sources have that repository (${names}): say which by ?ref=`
      : `asks for ${ref ?? ''}, which is what no source of that repository (${names}) follows: declare one that does`;
    throw new RejectedError('remote-base', `${url} ${first ? `is not told apart: ${why}` : why}`);
  }

  private find(name: string): Declared {
    const found = this.byName.get(name);
    if (found) return found;
    throw new Blocked(
      'source',
      `Source "${name}" does not exist: apply it, or mend what names it in the application's spec`,
    );
  }
}

function originOf(spec: SourceSpec): Origin {
  const { type, url, chart, credential } = spec;
  if (type === 'git') return { type, repository: repositoryOf(spec) };
  return {
    type,
    chart: { type, url, ...(chart !== undefined && { chart }), ...(credential !== undefined && { credential }) },
  };
}

/** One text for each thing that is fetched: whom it is fetched as is part of it. */
export function originKey(origin: Origin): string {
  return JSON.stringify(origin);
}
