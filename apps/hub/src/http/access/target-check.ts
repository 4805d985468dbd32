import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { clusterNameSchema, fieldErrorsText, isStorable, issueErrors, nameSchema, STORABLE } from '#contract';
import { isUnbounded, seesApplication, seesCluster, seesPair, type Role, type Scope } from '#domain';
import { BugError, RejectedError } from '#kit';
import type { Store, StoredCluster } from '#ports';
import { STORE } from '../../parts.js';
import { requireAssigned } from '../asks/require-assigned.js';
import { RolloutReader } from '../rollout-reader.js';
import type { Caller, PermitTarget } from './permit.js';
import { Reach, type Sight } from './reach.js';
import { notFound, outOfScope, partlyInScope } from './refusals.js';

const idSchema = z.string().min(1).max(80).refine(isStorable, STORABLE);

/** An object that a route is about, for whoever wants to know how much of it some scopes hold. */
interface Looked {
  /** As a refusal names it. */
  readonly what: string;
  readonly application?: string;
  /** What it is answered when none of it is held: no other than if it were not there. */
  readonly missing: () => Error | Promise<Error>;
  readonly sight: (scopes: readonly Scope[]) => Sight | Promise<Sight>;
}

/** Sees to it that a route's object is the caller's to see and to touch. */
@Injectable()
export class TargetCheck {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly reach: Reach,
    private readonly rollouts: RolloutReader,
  ) {}

  /**
   * @param params of the path, as they were sent.
   * @throws RejectedError `not-found` (404) for what is not there or not seen; `out-of-scope`, `partly-in-scope` (403).
   */
  async check(
    { scopes, sees }: Pick<Caller, 'scopes' | 'sees'>,
    role: Role,
    target: PermitTarget,
    params: Readonly<Record<string, string>>,
  ): Promise<void> {
    if (target === 'hub' && !isUnbounded(scopes)) throw outOfScope(role, 'everything: it is about the whole hub');
    if (typeof target === 'string') return;
    const looked = await this.look(target, params);
    const held = await looked.sight(scopes);
    if (held === 'all') return;
    const seen = role === 'viewer' ? held : await looked.sight(sees);
    if (seen === 'none') throw await looked.missing();
    if (seen === 'part' && looked.application !== undefined) throw partlyInScope(looked.application);
    throw outOfScope(role, looked.what);
  }

  /** @throws RejectedError `not-found`. */
  private async look(target: Exclude<PermitTarget, string>, params: Readonly<Record<string, string>>): Promise<Looked> {
    if ('cluster' in target) {
      const name = nameIn(params, target.cluster, clusterNameSchema);
      const cluster = await this.store.read.clusters.byName(name);
      if (!cluster) throw notFound('Cluster', name);
      return 'application' in target
        ? this.lookAtPair(cluster, nameIn(params, target.application))
        : lookAtCluster(cluster, target.whole ?? false);
    }
    if ('rollout' in target) return this.lookAtRollout(nameIn(params, target.rollout, idSchema), target);
    if ('application' in target)
      return this.lookAtApplication(nameIn(params, target.application), target.whole ?? false);
    return 'source' in target
      ? this.lookAtUsed('Source', nameIn(params, target.source))
      : this.lookAtUsed('Strategy', nameIn(params, target.strategy));
  }

  private lookAtPair(cluster: StoredCluster, application: string): Looked {
    let asked: readonly Scope[] = [];
    return {
      what: `application "${application}" on cluster "${cluster.name}"`,
      missing: () => this.missingPair(cluster, application, asked),
      sight: (scopes) => {
        asked = scopes;
        return seesPair(scopes, application, cluster) ? 'all' : 'none';
      },
    };
  }

  private async missingPair(cluster: StoredCluster, application: string, scopes: readonly Scope[]): Promise<Error> {
    if (!seesCluster(scopes, cluster)) return notFound('Cluster', cluster.name);
    try {
      await requireAssigned(this.store.read, cluster, application, scopes);
    } catch (error) {
      if (error instanceof RejectedError) return error;
      throw error;
    }
    return new BugError('pair-in-no-scope', 'a pair that no scope holds was found in one');
  }

  private async lookAtRollout(
    id: string,
    { part, placement }: { readonly part?: true; readonly placement?: true },
  ): Promise<Looked> {
    const { application, rollout } = await this.rollouts.find(id);
    const resource = placement ? await this.store.read.resources.get('Application', application) : null;
    return {
      what: `application "${application}" on all clusters of rollout ${rollout.id}${placement ? ' and of its placement' : ''}`,
      application,
      missing: () => notFound('Rollout', id),
      sight: async (scopes) => {
        if (part) return seesApplication(scopes, application) ? 'all' : 'none';
        const sight = await this.reach.ofRollout(scopes, application, rollout.number);
        return placement && sight === 'all' && !this.reach.holdsPlacement(scopes, application, resource)
          ? 'part'
          : sight;
      },
    };
  }

  private async lookAtApplication(name: string, whole: boolean): Promise<Looked> {
    const resource = await this.store.read.resources.get('Application', name);
    if (!resource) throw notFound('Application', name);
    return {
      what: `application "${name}"${whole ? ' on all of its clusters' : ''}`,
      application: name,
      missing: () => notFound('Application', name),
      sight: (scopes) => {
        if (whole) return this.reach.ofApplication(scopes, resource);
        return seesApplication(scopes, name) ? 'all' : 'none';
      },
    };
  }

  private async lookAtUsed(kind: 'Source' | 'Strategy', name: string): Promise<Looked> {
    const isShipped = kind === 'Strategy' && name === 'default';
    if (!isShipped && (await this.store.read.resources.get(kind, name)) === null) throw notFound(kind, name);
    return {
      what: `an application that uses ${kind} "${name}"`,
      missing: () => notFound(kind, name),
      sight: async (scopes) => ((await this.reach.seesUsed(scopes, kind, name)) ? 'all' : 'none'),
    };
  }
}

function lookAtCluster(cluster: StoredCluster, whole: boolean): Looked {
  return {
    what: `cluster "${cluster.name}"${whole ? ' and every application' : ''}`,
    missing: () => notFound('Cluster', cluster.name),
    sight: (scopes) => {
      if (!seesCluster(scopes, cluster)) return 'none';
      return !whole || holdsWholeCluster(scopes, cluster) ? 'all' : 'part';
    },
  };
}

/** Whether a scope holds the cluster with whatever runs on it. */
export function holdsWholeCluster(scopes: readonly Scope[], cluster: Pick<StoredCluster, 'labels' | 'facts'>): boolean {
  return seesCluster(
    scopes.filter(({ applications }) => applications === null),
    cluster,
  );
}

/** @throws RejectedError `invalid`: a guard looks before any handler's schema does. */
function nameIn(
  params: Readonly<Record<string, string>>,
  parameter: string,
  schema: z.ZodType<string> = nameSchema,
): string {
  const { data, error } = schema.safeParse(params[parameter]);
  if (data !== undefined) return data;
  const fields = issueErrors(error?.issues ?? [], [parameter]);
  throw new RejectedError('invalid', fieldErrorsText(fields), { status: 400, fields });
}
