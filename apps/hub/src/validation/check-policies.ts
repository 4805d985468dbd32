import { setImmediate as breathe } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { policySpecSchema } from '#contract';
import { canonicalJson, sha256, type Finding, type JsonObject } from '#domain';
import { readPolicies, type NamedPolicy, type ReadPolicies } from '#domain/policies';
import { keepNewest, messageOf, type Logger } from '#kit';
import type { Store, StoredCluster } from '#ports';
import { LOGGER, STORE } from '../parts.js';
import type { Checked, CheckedMember } from './check-members.js';
import { readBundle } from '../steps/render/read-bundle.js';

const SLICE = 50;
const MAX_FINDINGS = 100;
const MAX_KNOWN = 2_000;

interface Read {
  /** Of the policies as they are declared. */
  readonly digest: string;
  readonly policies: ReadPolicies | null;
}

/** Asks the hub's policies of every bundle, once for all clusters where they don't depend on the cluster. */
@Injectable()
export class CheckPolicies {
  @Inject(LOGGER) private readonly log!: Logger;
  private read: Read = { digest: '', policies: null };
  private readonly known = new Map<string, readonly Finding[]>();

  constructor(@Inject(STORE) private readonly store: Store) {}

  async check(
    application: { readonly name: string; readonly namespace: string },
    members: readonly CheckedMember[],
  ): Promise<readonly Checked[]> {
    const { digest: of, policies } = await this.declared();
    if (policies === null) return [];
    const groups = new Map<string, CheckedMember[]>();
    for (const member of members) {
      const { name, labels, facts } = member.cluster;
      const whose = policies.dependOnCluster ? sha256(canonicalJson({ name, labels, facts })) : '';
      const key = `${of} ${application.name}/${application.namespace} ${member.digest} ${whose}`;
      groups.set(key, [...(groups.get(key) ?? []), member]);
    }
    const checked: Checked[] = [];
    let last: { readonly digest: string; readonly objects: readonly JsonObject[] } | undefined;
    for (const [key, group] of groups) {
      const [first] = group;
      if (first === undefined) continue;
      const { digest, cluster } = first;
      let findings = this.known.get(key);
      if (findings === undefined) {
        if (last?.digest !== digest) last = { digest, objects: (await readBundle(this.store.read, digest)) ?? [] };
        findings = await judged(policies, last.objects, cluster, application);
        keepNewest(this.known, key, findings, MAX_KNOWN);
      }
      checked.push({ digest, clusters: group.map((each) => each.cluster), findings, isKnown: true });
    }
    return checked;
  }

  private async declared(): Promise<Read> {
    const resources = await this.store.read.resources.list('Policy');
    const digest = sha256(canonicalJson(resources.map(({ name, spec }) => ({ name, spec }))));
    if (digest === this.read.digest) return this.read;
    const named = resources.flatMap(({ name, spec }): NamedPolicy[] => {
      const { data, error } = policySpecSchema.safeParse(spec);
      if (data) return [{ name, spec: data }];
      this.log.error({ step: 'validate', policy: name, why: messageOf(error, 300) }, 'a policy is not valid any more');
      return [];
    });
    this.read = { digest, policies: named.length === 0 ? null : readPolicies(named) };
    return this.read;
  }
}

async function judged(
  policies: ReadPolicies,
  objects: readonly JsonObject[],
  { name, labels, facts }: StoredCluster,
  application: { readonly name: string; readonly namespace: string },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [at, object] of objects.entries()) {
    if (at % SLICE === SLICE - 1) await breathe();
    findings.push(...policies.judge(object, { cluster: { name, labels, facts }, application }));
    if (findings.length >= MAX_FINDINGS) break;
  }
  return findings;
}
