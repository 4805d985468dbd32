import { Inject, Injectable } from '@nestjs/common';
import type { Why } from '#contract';
import {
  explainCluster,
  isUnbounded,
  seesCluster,
  seesPair,
  type ApplicationHeader,
  type Explanation,
  type Scope,
  type TargetRow,
} from '#domain';
import type { Clock, Store, StoredCluster } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { TrustReader } from '../trust/trust-reader.js';
import { placementOf, Reach } from './access/reach.js';
import { notFound } from './access/refusals.js';
import { clusterStatus } from './views/cluster-view.js';
import { statusFor, WITHHELD } from './views/resource-view.js';
import { whyOf, withTrustHold } from './why-answer.js';
import { clusterHolds, explainAbsence, explainLeaving, explainWaiting } from './why-cluster-text.js';

interface Placed {
  readonly application: string;
  readonly row: TargetRow;
}

/** What agents say, of the applications that are asked about. */
interface Words {
  /** How far they came, and what is not as it should be. */
  readonly evidence: readonly string[];
  /** What shows the rest. */
  readonly can: readonly string[];
}

/** Answers "why" of a cluster, or of one application on it. */
@Injectable()
export class WhyClusterReader {
  @Inject(TrustReader) private readonly trust!: TrustReader;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reach: Reach,
  ) {}

  /** Of the applications that the scopes hold on it. */
  async ofCluster(name: string, scopes: readonly Scope[]): Promise<Why> {
    const cluster = await this.find(name);
    const away = withoutPart(cluster, scopes);
    if (away) return whyOf('cluster', name, away);
    const rows = await this.rowsOf(cluster, scopes);
    const parts = await this.parts(cluster, rows, scopes);
    const words = await this.words(cluster, rows, scopes);
    const own = clusterHolds(cluster);
    const sentences = parts.map(({ sentence }) => sentence);
    const others = parts.flatMap(({ holds }) => holds).filter(({ code }) => !own.some((each) => each.code === code));
    const [first] = own;
    const unhold = cluster.hold ? [`flotilla cluster unhold ${name}`] : [];
    const explanation: Explanation = {
      sentence: first?.message ?? sentences[0] ?? `Cluster ${name} is ready; no application is placed on it`,
      holds: [...own, ...others],
      evidence: [...(first ? sentences : sentences.slice(1)), ...parts.flatMap(({ evidence }) => evidence)],
      can: [...new Set([...unhold, ...parts.flatMap(({ can }) => can), ...words.can.slice(0, 3)])],
    };
    return withTrustHold(whyOf('cluster', name, explanation, words.evidence), await this.trust.hold());
  }

  /** Of one application there: its sentence, and why it is not there where it is not. Named `CLUSTER/APPLICATION`. */
  async ofPair(name: string, application: string, scopes: readonly Scope[]): Promise<Why> {
    const cluster = await this.find(name);
    const title = `${name}/${application}`;
    const away = withoutPart(cluster, scopes);
    if (away) return whyOf('cluster', title, away);
    const all = await this.rowsOf(cluster, scopes);
    const rows = all.filter((each) => each.application === application);
    const [part] = await this.parts(cluster, rows, scopes);
    const words = await this.words(cluster, rows, scopes);
    const explanation = part ?? (await this.absence(cluster, application, scopes));
    const can = [...new Set([...explanation.can, ...words.can])];
    return withTrustHold(
      whyOf('cluster', title, { ...explanation, can }, words.evidence),
      part === undefined ? null : await this.trust.hold(),
    );
  }

  private async find(name: string): Promise<StoredCluster> {
    const cluster = await this.store.read.clusters.byName(name);
    if (!cluster) throw notFound('Cluster', name);
    return cluster;
  }

  private async rowsOf(cluster: StoredCluster, scopes: readonly Scope[]): Promise<readonly Placed[]> {
    const rows = await this.store.read.rollouts.ofCluster(cluster.uid);
    return rows.filter(({ application }) => seesPair(scopes, application, cluster));
  }

  private async parts(
    cluster: StoredCluster,
    rows: readonly Placed[],
    scopes: readonly Scope[],
  ): Promise<readonly Explanation[]> {
    const [headers, freeze, now] = [await this.headers(scopes), await this.store.read.freeze.get(), this.clock.now()];
    const { online, seenAt, hold: held } = cluster;
    return rows.map(({ application, row }) =>
      explainCluster({ application, row, header: headers.get(application) ?? null, online, seenAt, held, freeze }, now),
    );
  }

  private async words(cluster: StoredCluster, rows: readonly Placed[], scopes: readonly Scope[]): Promise<Words> {
    const generations = new Map(rows.map(({ application, row }) => [application, row.generation]));
    const reports = (await this.store.read.reports.ofCluster(cluster.uid))
      .map(({ report }) => report)
      .filter(({ application }) => generations.has(application) && seesPair(scopes, application, cluster));
    const findings = reports.flatMap(({ application, findings: found }) =>
      found
        .slice(0, 5)
        .map(
          (each) =>
            `${application}: ${each.kind} ${each.namespace ? `${each.namespace}/` : ''}${each.name} is ${each.health} (${each.reason}): ${each.message}`,
        ),
    );
    // How far an agent came, where it is under way: of what it was told last, no other.
    const progress = reports.flatMap(({ application, generation, phase, message }) =>
      phase === 'progressing' && message !== undefined && generations.get(application) === generation
        ? [`${application}: its agent says: ${message}`]
        : [],
    );
    // What an agent names in a word or two, it shows in full when it is asked.
    const trees = reports
      .filter(({ findings: found }) => cluster.online && found.length > 0)
      .map(({ application }) => `flotilla tree ${cluster.name}/${application}`);
    return { evidence: [...progress, ...findings], can: trees };
  }

  /** Why nothing of it was ever assigned there. */
  private async absence(cluster: StoredCluster, application: string, scopes: readonly Scope[]): Promise<Explanation> {
    const { read } = this.store;
    const resource = await read.resources.get('Application', application);
    if (!resource || !seesPair(scopes, application, cluster)) throw notFound('Application', application);
    const isWhole = this.reach.holdsPlacement(scopes, application, resource);
    const { warnings = [] } = resource.status as { warnings?: readonly string[] };
    const { holds = [] } = statusFor(resource, isWhole) as { holds?: Explanation['holds'] };
    const header = await read.rollouts.header(application);
    return explainAbsence(cluster, {
      ...{ application, selector: placementOf(resource), warnings, holds },
      running: header?.rollout?.state === 'running' ? header.rollout.id : null,
    });
  }

  /** By application; without words about clusters that the scopes may not hold. */
  private async headers(scopes: readonly Scope[]): Promise<ReadonlyMap<string, ApplicationHeader>> {
    const { read } = this.store;
    const headers = await read.rollouts.headers();
    if (isUnbounded(scopes)) return new Map(headers.map((header) => [header.application, header]));
    const resources = new Map((await read.resources.list('Application')).map((resource) => [resource.name, resource]));
    return new Map(
      headers.map((header) => {
        const { application } = header;
        const whole = this.reach.holdsPlacement(scopes, application, resources.get(application) ?? null);
        return [application, whole ? header : withheld(header)];
      }),
    );
  }
}

/** A cluster that no application has a part on yet, or any more; null: any other. */
function withoutPart(cluster: StoredCluster, scopes: readonly Scope[]): Explanation | null {
  if (clusterStatus(cluster) === 'waiting') return explainWaiting(cluster);
  if (cluster.leaving === null) return null;
  // Objects are named by no application: only who sees all of them is told.
  const isWhole = scopes.some((scope) => scope.applications === null && seesCluster([scope], cluster));
  return explainLeaving(cluster, cluster.leaving, isWhole);
}

/** A rollout's own words may name any of its clusters: what a gate's other end said, what it holds for. */
function withheld(header: ApplicationHeader): ApplicationHeader {
  const { rollout } = header;
  if (!rollout) return header;
  const holds = rollout.holds.map((hold) => ({ ...hold, message: WITHHELD }));
  const waves = rollout.waves.map((wave) => ({
    ...wave,
    ...(wave.gates && { gates: wave.gates.map(({ last: _, ...gate }) => gate) }),
  }));
  return { ...header, rollout: { ...rollout, holds, waves } };
}
