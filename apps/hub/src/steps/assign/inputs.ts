import {
  applicationSpecSchema,
  DEFAULT_STRATEGY,
  fieldErrorsText,
  issueErrors,
  strategySpecSchema,
  toStrategySpec,
  type ApplicationSpec,
  type SourceSpec,
} from '#contract';
import type { StrategySpec } from '#domain';
import type { GitRepository, StoredResource, Unit } from '#ports';
import type { PolicyRecord } from '../../validation/policy-records.js';

/** Something is in the way; what runs stays as it is. */
export class Blocked extends Error {
  constructor(
    readonly code: 'source' | 'render' | 'validation' | 'placement' | 'promotion' | 'strategy' | 'manifest' | 'spec',
    message: string,
    /** What was found out before that. */
    readonly found: { readonly policies?: readonly PolicyRecord[] } = {},
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

/** A source's repository as the Git port takes it. */
export function repositoryOf({
  url,
  credential,
  submodules,
}: Pick<SourceSpec, 'url' | 'credential' | 'submodules'>): GitRepository {
  return { url, ...(credential !== undefined && { credential }), ...(submodules === true && { submodules }) };
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
