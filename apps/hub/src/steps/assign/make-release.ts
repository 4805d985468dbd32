import { Inject, Injectable } from '@nestjs/common';
import type { JsonObject, ReleaseTerms } from '#domain';
import type { Clock, ReleaseDetails, ReleaseSource, Store, StoredRelease, StoredResource } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import type { PinnedSource } from '../render/declared-sources.js';
import { newTerms, termsOfSpec } from './application-terms.js';
import type { Taken } from './take-sources.js';

/** Most warnings that a release keeps. */
const MAX_WARNINGS = 20;

/** What a release is made of. */
export interface ReleaseInputs extends Pick<Taken, 'overlays' | 'inputs' | 'sources' | 'environments'> {
  readonly resource: Pick<StoredResource, 'name' | 'generation' | 'spec'>;
  /** The source whose commit the release is named by. */
  readonly main: PinnedSource;
  readonly asksForApis: boolean;
  readonly warnings: readonly string[];
}

/** Numbers releases. */
@Injectable()
export class MakeRelease {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The newest release where it says the same already, else a new one, which the audit tells. */
  async make(inputs: ReleaseInputs, latest: StoredRelease | null): Promise<StoredRelease> {
    const { resource, main, overlays } = inputs;
    const terms = termsOfSpec(resource.spec);
    const same =
      latest && Object.entries(overlays).every(([name, { digest }]) => latest.overlays[name]?.digest === digest);
    const others = same ? newTerms(latest.details?.terms, terms) : [];
    if (same && others.length === 0) return latest;
    const why = same ? [sameObjectsText(latest.number, others)] : [];
    const details = detailsOf({ ...inputs, terms, warnings: [...why, ...inputs.warnings] });
    const at = this.clock.now();
    const { release } = await this.store.transact(async (unit) => {
      const added = await unit.releases.add({
        application: resource.name,
        source: main.name,
        revision: main.revision,
        author: main.author ?? '',
        subject: main.subject ?? '',
        committedAt: main.committedAt ?? '',
        overlays,
        specGeneration: resource.generation,
        details,
        createdAt: at,
      });
      if (added.created) {
        const { number } = added.release;
        const { sources, environments } = details;
        const detail = { release: number, sources, ...(environments && { environments }) } as unknown as JsonObject;
        await unit.audit.append({
          at,
          actor: 'system',
          act: 'release',
          object: `Application/${resource.name}`,
          detail,
        });
      }
      return added;
    });
    return release;
  }
}

/** Pure. */
export function detailsOf({
  sources,
  environments,
  inputs,
  asksForApis,
  warnings,
  terms,
}: Omit<ReleaseInputs, 'resource' | 'main' | 'overlays'> & { readonly terms: ReleaseTerms }): ReleaseDetails {
  return {
    sources: Object.fromEntries([...sources].map(([name, pin]) => [name, told(pin)])),
    ...(environments.size > 0 && {
      environments: Object.fromEntries(
        [...environments].map(([name, pin]) => [name, { source: pin.name, ...told(pin) }]),
      ),
    }),
    ...(warnings.length > 0 && { warnings: warnings.slice(0, MAX_WARNINGS).map(printable) }),
    ...(asksForApis && { asksForApis }),
    terms,
    inputs,
  };
}

/** Why there is a release that no commit asked for. */
function sameObjectsText(latest: number, fields: readonly string[]): string {
  const names = fields.map((name) => `spec.${name}`).join(', ');
  return `It has the objects of release ${latest}: ${names} of the application ${fields.length === 1 ? 'is' : 'are'} another`;
}

/**
 * Pure: the source by whose commit a release is known. With environments it is the one of the last environment that takes something new:
 * whoever wrote what goes to production must not approve it alone.
 */
export function mainSource(taken: Pick<Taken, 'sources' | 'environments'>, latest: StoredRelease | null): PinnedSource {
  const environments = [...taken.environments];
  const [first] = taken.sources.values();
  const before = latest?.details?.environments ?? {};
  const changed = environments.filter(
    ([name, { name: source, revision }]) => before[name]?.revision !== revision || before[name]?.source !== source,
  );
  const main = (latest === null ? environments[0] : (changed.at(-1) ?? environments[0]))?.[1] ?? first;
  if (!main) throw new Error('nothing was taken of any source');
  return main;
}

function told({ revision, tag, version, signature, author, subject, committedAt }: PinnedSource): ReleaseSource {
  const all = { revision, tag, version, signature, author, subject, committedAt };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as ReleaseSource;
}

/** The database takes no NUL, and nobody wants to read it. */
function printable(text: string): string {
  return [...text.slice(0, 1000)].map((each) => ((each.codePointAt(0) ?? 0) < 32 ? ' ' : each)).join('');
}
