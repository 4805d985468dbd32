import { Injectable } from '@nestjs/common';
import { namedSources, type Resource } from '#contract';
import { coversPlacement, isUnbounded, scopesFor, seesApplication, seesCluster } from '#domain';
import { RejectedError } from '#kit';
import type { Unit } from '#ports';
import type { ClusterDocument } from '../../declared/adopt-cluster.js';
import { notRegistered } from '../../declared/take-clusters.js';
import type { Caller } from './permit.js';
import { Reach } from './reach.js';
import { outOfScope } from './refusals.js';
import { holdsWholeCluster } from './target-check.js';

/** Of clusters is seen to where they are taken, many at once. */
export type OtherDocument = Exclude<Resource, ClusterDocument>;

/** Where a document stands among those that come with it, by `Kind/name`. */
export interface DocumentPlace {
  readonly index: number;
  readonly coming: ReadonlySet<string>;
}

/** Sees to it that documents are their writer's to apply, and that what they name is there. */
@Injectable()
export class DocumentCheck {
  constructor(private readonly reach: Reach) {}

  /**
   * Nobody writes what is not theirs, nor makes it so by writing it.
   * @throws RejectedError `out-of-scope`, or as if it were not there: `missing-reference`.
   */
  async check(unit: Unit, resource: OtherDocument, caller: Caller, place: DocumentPlace): Promise<void> {
    await this.checkScope(unit, resource, caller, place);
    await this.checkReferences(unit, resource, caller, place);
  }

  private async checkScope(
    unit: Unit,
    resource: OtherDocument,
    { grants, scopes, sees }: Caller,
    { index, coming }: DocumentPlace,
  ): Promise<void> {
    const { kind } = resource;
    const { name } = resource.metadata;
    const refuse = (what: string, role: 'operator' | 'admin' = 'operator'): never => {
      throw outOfScope(role, `${what} (documents[${index}])`);
    };
    const isAdmin = isUnbounded(scopesFor(grants, 'admin'));
    switch (kind) {
      // Whoever may write there what the fleet is may do all of it.
      case 'Policy':
      case 'Fleet':
        return isAdmin ? undefined : refuse(`everything, to write a ${kind}`, 'admin');
      case 'Freeze':
      case 'Source':
      case 'Strategy':
        return isUnbounded(scopes) ? undefined : refuse(`everything, to write a ${kind}`);
      case 'Application': {
        const before = await unit.resources.get(kind, name);
        const placement = resource.spec.placement.selector ?? null;
        const mayBe = coversPlacement(scopes, name, placement);
        const is = before === null || (await this.reach.ofApplication(scopes, before, unit)) === 'all';
        return mayBe && is ? undefined : refuse(`application "${name}" wherever its placement takes it`);
      }
      case 'Hold': {
        const cluster = await unit.clusters.byName(name);
        // In a trial it is not there yet: who may take it in was seen to.
        if (!cluster && coming.has(`Cluster/${name}`)) return;
        if (!cluster || !seesCluster(sees, cluster)) throw notRegistered(name, index);
        return holdsWholeCluster(scopes, cluster) ? undefined : refuse(`cluster "${name}" and every application`);
      }
      case 'Pause': {
        const application = await unit.resources.get('Application', name);
        if (!application && coming.has(`Application/${name}`)) return;
        if (!application || !seesApplication(sees, name)) {
          throw missing(
            `documents[${index}].metadata.name`,
            `Application "${name}" does not exist: apply it first, or in the same file`,
          );
        }
        const isWhole = (await this.reach.ofApplication(scopes, application, unit)) === 'all';
        return isWhole ? undefined : refuse(`application "${name}" wherever it runs`);
      }
    }
  }

  /** What a document names must be there, or come with it: a typing error is found now, not by a rollout that never starts. */
  private async checkReferences(
    unit: Unit,
    resource: OtherDocument,
    { sees }: Caller,
    { index, coming }: DocumentPlace,
  ): Promise<void> {
    const path = `documents[${index}]`;
    if (resource.kind !== 'Application' && resource.kind !== 'Fleet') return;
    // Whoever could point an application at a source would read it: only at one that they see.
    const there = async (kind: 'Source' | 'Strategy', wanted: string): Promise<boolean> =>
      coming.has(`${kind}/${wanted}`) ||
      ((await unit.resources.get(kind, wanted)) !== null && (await this.reach.seesUsed(sees, kind, wanted, unit)));
    const { source } = resource.spec;
    const named =
      resource.kind === 'Application' ? namedSources(resource.spec) : [{ name: source, field: 'spec.source' }];
    for (const { name, field } of named) {
      if (await there('Source', name)) continue;
      throw missing(`${path}.${field}`, `Source "${name}" does not exist: apply it first, or in the same file`);
    }
    if (resource.kind !== 'Application') return;
    const { strategy } = resource.spec;
    if (strategy !== 'default' && !(await there('Strategy', strategy))) {
      throw missing(
        `${path}.spec.strategy`,
        `Strategy "${strategy}" does not exist: apply it first, or in the same file`,
      );
    }
  }
}

function missing(path: string, message: string): RejectedError {
  return new RejectedError('missing-reference', `${path}: ${message}`, { status: 422, fields: [{ path, message }] });
}
