import {
  applicationSpecSchema,
  DEFAULT_STRATEGY,
  fieldErrorsText,
  issueErrors,
  sourceSpecSchema,
  strategySpecSchema,
  toStrategySpec,
  type ApplicationSpec,
  type SourceSpec,
} from '#contract';
import type { Hold, StrategySpec } from '#domain';
import type { GitRepository, Store, StoredResource, Unit } from '#ports';

/** Something is in the way; what runs stays as it is. */
export class Blocked extends Error {
  constructor(
    readonly code: 'source' | 'render' | 'placement' | 'strategy' | 'manifest' | 'spec',
    message: string,
  ) {
    super(message);
  }
}

/** The application's spec. @throws Blocked where an older hub stored what this one does not take. */
export function readSpec({ name, spec }: Pick<StoredResource, 'name' | 'spec'>): ApplicationSpec {
  const { data, error } = applicationSpecSchema.safeParse(spec);
  if (data) return data;
  const why = fieldErrorsText(issueErrors(error.issues, ['spec']));
  throw new Blocked('spec', `Application "${name}" is not valid any more (${why}): mend and apply it`);
}

/** A commit and where to read it from. */
export interface PinnedCommit {
  readonly repository: GitRepository;
  readonly revision: string;
  readonly author: string;
  readonly subject: string;
  readonly committedAt: string;
  /** Why the source can't be read now: this is the last commit that could be, and newcomers still get it. */
  readonly stale?: string;
}

/** A source's repository as the Git port takes it. */
export function repositoryOf({ url, credential }: Pick<SourceSpec, 'url' | 'credential'>): GitRepository {
  return { url, ...(credential !== undefined && { credential }) };
}

/** The commit that the application's source was last resolved to. @throws Blocked where there is none. */
export async function readCommit(store: Store, spec: ApplicationSpec): Promise<PinnedCommit> {
  const source = await store.read.resources.get('Source', spec.source);
  if (!source) throw new Blocked('source', `Source "${spec.source}" does not exist: apply it, or mend spec.source`);
  const status = source.status as unknown as Partial<PinnedCommit> & { holds?: readonly Hold[] };
  const why = status.holds?.[0]?.message.replace(/; what runs stays as it is$/, '');
  if (!status.revision) {
    throw new Blocked(
      'source',
      why ? `Source "${spec.source}": ${why}` : `Source "${spec.source}" has not been read yet`,
    );
  }
  return {
    repository: repositoryOf(sourceSpecSchema.parse(source.spec)),
    revision: status.revision,
    author: status.author ?? '',
    subject: status.subject ?? '',
    committedAt: status.committedAt ?? '',
    ...(why && { stale: `Source "${spec.source}": ${why}` }),
  };
}

/** The application's strategy with every default filled in. @throws Blocked where it is not declared. */
export async function readStrategy(read: Unit, spec: Pick<ApplicationSpec, 'strategy'>): Promise<StrategySpec> {
  const resource = await read.resources.get('Strategy', spec.strategy);
  if (resource) {
    const { data, error } = strategySpecSchema.safeParse(resource.spec);
    if (data) return toStrategySpec(data);
    // Stored by an older hub that let more through.
    const why = fieldErrorsText(issueErrors(error.issues, ['spec']));
    throw new Blocked('strategy', `Strategy "${spec.strategy}" is not valid any more (${why}): mend and apply it`);
  }
  if (spec.strategy === 'default') return DEFAULT_STRATEGY;
  throw noStrategy(spec.strategy);
}

export function noStrategy(name: string): Blocked {
  return new Blocked('strategy', `Strategy "${name}" does not exist: apply it, or mend spec.strategy`);
}
