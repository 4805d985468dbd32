import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { ApplicationSpec } from '#contract';
import type { Member } from '#domain';
import type { StoredCluster, StoredRelease } from '#ports';
import { CheckMembers, type Checked, type CheckedMember } from './check-members.js';
import { CheckPolicies } from './check-policies.js';
import { ClusterApis } from './cluster-apis.js';
import { clustersText, refusalText, warningTexts } from './findings-text.js';
import { policyFindings, type PolicyFinding } from './policy-records.js';

const HOUR_MS = 3_600_000;

export interface ValidationRequest {
  readonly application: string;
  readonly spec: Pick<ApplicationSpec, 'validation' | 'namespace'>;
  readonly members: readonly Member[];
  readonly clusters: readonly StoredCluster[];
  /** The newest release: what is in it already is not taken back, only told. */
  readonly latest: Pick<StoredRelease, 'overlays'> | null;
}

export interface ValidationResult {
  /** Why there must be no release of it, in one sentence; null: nothing. */
  readonly refusal: string | null;
  /** For the release to keep. */
  readonly warnings: readonly string[];
  /** Of those, what is to be told of the application too. */
  readonly told: readonly string[];
  /** What each rule of the policies said. */
  readonly policies: readonly PolicyFinding[];
}

/** Looks at what was rendered before it becomes a release: by what its clusters serve, and by the hub's policies. */
@Injectable()
export class Validation {
  constructor(
    private readonly members: CheckMembers,
    private readonly policies: CheckPolicies,
    private readonly apis: ClusterApis,
  ) {}

  async check(request: ValidationRequest): Promise<ValidationResult> {
    const { application, spec, latest } = request;
    const mode = spec.validation?.schema ?? 'refuse';
    const byUid = new Map(request.clusters.map((cluster) => [cluster.uid, cluster]));
    const members = request.members.flatMap(({ uid, digest }): CheckedMember[] => {
      const cluster = byUid.get(uid);
      return cluster === undefined ? [] : [{ cluster, digest }];
    });
    const released = new Set(Object.values(latest?.overlays ?? {}).map(({ digest }) => digest));
    const isNew = ({ digest }: Checked): boolean => !released.has(digest);
    const schemas = mode === 'off' ? [] : await this.bySchemas(members, mode === 'refuse', isNew);
    const policies = await this.policies.check({ name: application, namespace: spec.namespace }, members);
    const refusing = [...policies, ...(mode === 'refuse' ? schemas : [])].filter(isNew);
    const refusal = refusalText(refusing);
    const told = [
      ...warningTexts(refusing, false),
      ...warningTexts(
        policies.filter((each) => !isNew(each)),
        true,
      ),
      ...warningTexts(
        schemas.filter((each) => mode === 'warn' || !isNew(each)),
        true,
      ),
    ];
    return {
      refusal: refusal === null ? null : `${refusal}: mend it, and commit`,
      warnings: [...told, ...unknownText(schemas)],
      told,
      policies: policyFindings(policies, isNew),
    };
  }

  /** An object that a cluster does not know may be one that it knows by now: it is asked before it is believed. */
  private async bySchemas(
    members: readonly CheckedMember[],
    refuses: boolean,
    isNew: (checked: Checked) => boolean,
  ): Promise<readonly Checked[]> {
    const checked = await this.members.check(members);
    if (!refuses) return checked;
    const doubted = checked.filter(
      (each) => isNew(each) && each.findings.some(({ severity }) => severity === 'refuse'),
    );
    const changed = await Promise.all(
      doubted.map(async ({ clusters }) => {
        const whom = clusters.find(({ online }) => online);
        return whom !== undefined && (await this.apis.look(whom)) ? whom.uid : null;
      }),
    );
    const again = new Set(changed.filter((uid) => uid !== null));
    if (again.size === 0) return checked;
    const fresh = await this.apis.told([...again]);
    return await this.members.check(
      members.map((member) => ({ ...member, cluster: fresh.get(member.cluster.uid) ?? member.cluster })),
    );
  }

  @Interval('apis', HOUR_MS)
  sweep(): Promise<number> {
    return this.apis.sweep();
  }
}

function unknownText(checked: readonly Checked[]): readonly string[] {
  const clusters = checked.filter(({ isKnown }) => !isKnown).flatMap((each) => each.clusters);
  if (clusters.length === 0) return [];
  return [`${clustersText(clusters)}: what it serves is not known yet, so its objects were not held to its schemas`];
}
