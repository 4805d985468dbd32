import { Inject, Injectable } from '@nestjs/common';
import {
  fleetSpecSchema,
  sourceSpecSchema,
  type FleetChange,
  type FleetPlan,
  type FleetSpec,
  type Resource,
} from '#contract';
import { EVERYWHERE } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, GitSource, ResourceKind, Store, StoredResource, Unit } from '#ports';
import type { Caller } from '../http/access/permit.js';
import { audit } from '../http/audit.js';
import { ApplyDocuments } from '../http/apply-documents.js';
import { checkDocuments } from '../http/check-documents.js';
import { deleteResource } from '../http/delete-resource.js';
import { currentDocument } from '../http/views/current-document.js';
import { CLOCK, GIT_SOURCE, SETTINGS, STORE, type HubSettings } from '../parts.js';
import { repositoryOf } from '../steps/assign/inputs.js';
import { Brakes, type Taken } from './brakes.js';
import { fleetActor, readDeclared, writeDeclared, type DeclaredObject } from './declared-objects.js';
import { inTheirFiles, readFleetFiles, type FleetDocument } from './read-fleet-files.js';

/** What the files of a commit declare, checked. */
export interface WantedFleet {
  readonly spec: FleetSpec;
  readonly revision: string;
  readonly subject: string;
  readonly documents: readonly FleetDocument[];
  readonly resources: readonly Resource[];
}

/** What was done within a transaction. */
export interface FleetPassed {
  readonly plan: FleetPlan;
  /** To be called once it is committed. */
  readonly after: () => Promise<void>;
}

/** Users before what they use. Of a cluster and of the Fleet the declaration goes, and nothing else. */
const DELETED_IN_ORDER: readonly Resource['kind'][] = [
  'Freeze',
  'Application',
  'Pause',
  'Hold',
  'Policy',
  'Strategy',
  'Source',
];
const RELEASED: readonly Resource['kind'][] = ['Cluster', 'Fleet'];

/** Makes the hub's objects what the files of a commit say, all of them or none. */
@Injectable()
export class FleetPass {
  @Inject(CLOCK) private readonly clock!: Clock;
  @Inject(Brakes) private readonly brakes!: Brakes;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(GIT_SOURCE) private readonly git: GitSource,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly documents: ApplyDocuments,
  ) {}

  /**
   * The files at the commit that the Fleet's source was last resolved to.
   * @throws RejectedError `fleet-source`, `fleet-empty`, `fleet-invalid`, `invalid`, naming files; what the Git port throws.
   */
  async read(fleet: StoredResource): Promise<WantedFleet> {
    const spec = fleetSpecSchema.parse(fleet.spec);
    const source = await this.store.read.resources.get('Source', spec.source);
    const { revision, subject = '' } = (source?.status ?? {}) as { revision?: string; subject?: string };
    if (!source || revision === undefined) {
      const what = source ? 'has not been read yet' : 'does not exist';
      throw new RejectedError('fleet-source', `Source "${spec.source}" ${what}: nothing is changed`, { status: 422 });
    }
    const repository = sourceSpecSchema.parse(source.spec);
    if (repository.type !== 'git') {
      throw new RejectedError('fleet-source', `Source "${spec.source}" is no Git repository: nothing is changed`, {
        status: 422,
      });
    }
    const pinned = { ...repositoryOf(repository), sha: revision };
    const documents = await readFleetFiles(this.git, pinned, spec.path, this.settings.scratchFolder);
    try {
      const resources = checkDocuments(documents.map(({ value }) => value));
      return { spec, revision, subject, documents, resources };
    } catch (error) {
      throw inTheirFiles(error, documents);
    }
  }

  /**
   * Writes what they say, deletes what they do not say any more, and remembers who declared what.
   * @param options `accept`: however much is deleted. `plan`: tells that too much would be, in place of refusing.
   * @throws RejectedError `fleet-deletions`; what the door refuses, naming files.
   */
  async run(
    unit: Unit,
    wanted: WantedFleet,
    options: { readonly accept: boolean; readonly plan?: boolean; readonly reason?: string | undefined },
  ): Promise<FleetPassed> {
    const { spec, revision, subject, documents, resources } = wanted;
    const caller = callerOf(spec.source);
    const reason =
      options.reason ?? `commit ${revision.slice(0, 8)}${subject === '' ? '' : `: ${subject}`}`.slice(0, 500);
    const before = (await readDeclared(unit))?.objects ?? [];
    await this.brakes.lock(unit, [...before, ...resources.map(({ kind, metadata: { name } }) => ({ kind, name }))]);
    const applied = await this.documents
      .within(unit, resources, caller, { dryRun: false, reason })
      .catch((error: unknown): never => {
        throw inTheirFiles(error, documents);
      });
    const objects = resources.map(({ kind, metadata }, index): DeclaredObject => {
      const { after } = applied.results[index] ?? {};
      return { kind, name: metadata.name, file: documents[index]?.file ?? '', document: after as Resource };
    });
    const changes = applied.results.flatMap(
      ({ kind, name, result, before = null, after = null }, index): FleetChange[] =>
        result === 'unchanged' ? [] : [{ kind, name, file: objects[index]?.file ?? '', change: result, before, after }],
    );
    const gone = await this.goneOf(unit, before, { kept: new Set(objects.map(keyOf)), spec });
    const deleted = gone.filter(({ change }) => change === 'deleted');
    const declared = before.length;
    const isMany = !options.accept && deleted.length * 3 > declared;
    const hold = isMany ? { code: 'fleet-deletions', message: manyText(deleted.length, declared, revision) } : null;
    if (hold && !options.plan) throw new RejectedError(hold.code, hold.message, { status: 409 });
    const taken = [...applied.taken];
    if (!hold) {
      for (const object of deleted) taken.push(...(await this.delete(unit, object, { caller, reason })));
      await this.remember(unit, wanted, objects);
    }
    const { source, path } = spec;
    const plan = {
      source,
      path,
      revision,
      objects: objects.length,
      changes: [...changes, ...gone],
      ...(hold && { hold }),
    };
    return { plan, after: () => this.documents.after(resources, { ...applied, taken }, deleted) };
  }

  /** What was declared and is no more, as far as it is still there. */
  private async goneOf(
    unit: Unit,
    before: readonly DeclaredObject[],
    { kept, spec }: { readonly kept: ReadonlySet<string>; readonly spec: FleetSpec },
  ): Promise<FleetChange[]> {
    const gone: FleetChange[] = [];
    for (const { kind, name, file } of before) {
      if (kept.has(keyOf({ kind, name }))) continue;
      const now = await currentDocument(unit, kind, name);
      if (now === null) continue;
      const change = spec.prune && !RELEASED.includes(kind) ? 'deleted' : 'released';
      gone.push({ kind, name, file, change, before: now, after: null });
    }
    const rank = ({ kind }: FleetChange): number => DELETED_IN_ORDER.indexOf(kind as Resource['kind']);
    return gone.sort((a, b) => rank(a) - rank(b));
  }

  private async delete(
    unit: Unit,
    { kind, name }: FleetChange,
    { caller, reason }: { readonly caller: Caller; readonly reason: string },
  ): Promise<readonly Taken[]> {
    const now = this.clock.now();
    switch (kind as Resource['kind']) {
      case 'Freeze':
        await unit.freeze.clear();
        await audit(unit, { now, caller }, 'fleet.unfreeze', 'Fleet', { reason });
        return [];
      case 'Hold':
        await audit(unit, { now, caller }, 'cluster.unhold', `Cluster/${name}`, { reason });
        return this.brakes.lift(unit, 'Hold', name, { now, actor: caller.actor, reason });
      case 'Pause':
        await audit(unit, { now, caller }, 'rollout.resume', `Application/${name}`, { reason });
        return this.brakes.lift(unit, 'Pause', name, { now, actor: caller.actor, reason });
      default:
        await deleteResource(unit, { kind: kind as ResourceKind, name }, { now, caller, reason });
        return [];
    }
  }

  private async remember(
    unit: Unit,
    { spec: { source, path }, revision }: WantedFleet,
    objects: readonly DeclaredObject[],
  ): Promise<void> {
    // What the files say of the Fleet itself has been written just now.
    const [fleet] = await unit.resources.list('Fleet');
    if (!fleet) return;
    const { generation } = fleet;
    await writeDeclared(unit, { source, path, revision, at: this.clock.now(), generation, objects });
  }
}

export function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}/${name}`;
}

function callerOf(source: string): Caller {
  const everywhere = [EVERYWHERE];
  const grants = [{ role: 'admin', scope: EVERYWHERE }] as const;
  return {
    ...{ actor: fleetActor(source), email: null, via: 'token', id: 'fleet' },
    ...{ grants, scopes: everywhere, sees: everywhere },
  };
}

function manyText(deleted: number, declared: number, revision: string): string {
  return `Commit ${revision.slice(0, 8)} does not declare ${deleted} of the ${declared} objects that were declared before, more than a third: look at \`flotilla fleet plan\`, then \`flotilla fleet apply --accept-deletions\`, or put the files back`;
}
