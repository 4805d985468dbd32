import { Inject, Injectable } from '@nestjs/common';
import type { Why } from '#contract';
import {
  deriveHolds,
  explainCluster,
  explainRollout,
  isUnbounded,
  seesCluster,
  seesPair,
  type ApplicationHeader,
  type Explanation,
  type Hold,
  type Rollout,
  type Scope,
} from '#domain';
import type { Clock, ClusterLeaving, Store, StoredCluster } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { Reach } from './access/reach.js';
import { notFound } from './access/refusals.js';
import { TrustReader } from '../trust/trust-reader.js';
import { RolloutReader } from './rollout-reader.js';
import { holdView } from './views/hold-view.js';
import { clusterStatus } from './views/cluster-view.js';
import { WITHHELD } from './views/resource-view.js';

/** Answers "why": one sentence first, whatever it is asked of. */
@Injectable()
export class WhyReader {
  @Inject(TrustReader) private readonly trust!: TrustReader;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly rollouts: RolloutReader,
    private readonly reach: Reach,
  ) {}

  async ofRollout(id: string): Promise<Why> {
    const { application, rollout, header, present } = await this.rollouts.find(id);
    const now = this.clock.now();
    const why = whyOf(
      'rollout',
      rollout.id,
      explainRollout(rollout, present ? header : null, now, await this.store.read.freeze.get()),
      await this.failures(application, rollout),
    );
    return present && rollout.state === 'running' ? this.signed(why) : why;
  }

  async ofApplication(name: string): Promise<Why> {
    const resource = await this.store.read.resources.get('Application', name);
    if (!resource) throw notFound('Application', name);
    const now = this.clock.now();
    const { holds = [], warnings = [] } = resource.status as { holds?: readonly Hold[]; warnings?: readonly string[] };
    const header = await this.store.read.rollouts.header(name);
    const freeze = await this.store.read.freeze.get();
    const explanation: Explanation = header?.rollout
      ? explainRollout(header.rollout, header, now, freeze)
      : {
          sentence: 'No release has been rolled out yet: the source or the clusters are still awaited',
          holds: [],
          evidence: [],
          can: ['flotilla get sources', 'flotilla get clusters'],
        };
    const [first] = holds;
    const why = whyOf(
      'application',
      name,
      {
        ...explanation,
        // What keeps a new release from being made comes before what the last one does.
        ...(first && { sentence: first.message }),
        holds: [...holds, ...(header ? deriveHolds(header, now, freeze) : [])],
        evidence: [...(first ? [explanation.sentence] : []), ...explanation.evidence, ...warnings],
      },
      header?.rollout ? await this.failures(name, header.rollout) : [],
    );
    return this.signed(why);
  }

  /** Where nothing can be signed, that comes before whatever else is waited for. */
  private async signed(why: Why): Promise<Why> {
    const hold = await this.trust.hold();
    if (hold === null) return why;
    const can = [...new Set(['flotilla trust', ...why.can])];
    return {
      ...why,
      sentence: hold.message,
      holds: [hold, ...why.holds],
      evidence: [why.sentence, ...why.evidence],
      can,
    };
  }

  /** What failed clusters said, in their agents' own words: the first few stand for the rest. */
  private async failures(application: string, rollout: Rollout): Promise<readonly string[]> {
    const { items } = await this.store.read.rollouts.targets(application, rollout.number, {
      state: 'failed',
      limit: 5,
    });
    return items.map(
      ({ name, reason = 'unknown', message = 'no reason told' }) => `Cluster ${name} failed (${reason}): ${message}`,
    );
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

  /** Of the applications that the scopes hold on it. */
  async ofCluster(name: string, scopes: readonly Scope[]): Promise<Why> {
    const cluster = await this.store.read.clusters.byName(name);
    if (!cluster) throw notFound('Cluster', name);
    const now = this.clock.now();
    const rows = (await this.store.read.rollouts.ofCluster(cluster.uid)).filter(({ application }) =>
      seesPair(scopes, application, cluster),
    );
    const headers = await this.headers(scopes);
    const freeze = await this.store.read.freeze.get();
    const { online, seenAt, hold: held } = cluster;
    const status = clusterStatus(cluster);
    if (status === 'waiting') {
      return whyOf('cluster', name, {
        sentence: `Cluster ${name} is registered and waits for its agent to join`,
        holds: [{ code: 'notJoined', message: 'Its agent has not joined yet', since: cluster.createdAt }],
        evidence: [],
        can: [`flotilla cluster token ${name}`],
      });
    }
    if (cluster.leaving !== null) {
      // Objects are named by no application: only who sees all of them is told.
      const isWhole = scopes.some((scope) => scope.applications === null && seesCluster([scope], cluster));
      return whyOf('cluster', name, explainLeaving(cluster, cluster.leaving, isWhole));
    }
    const parts = rows.map(({ application, row }) =>
      explainCluster({ application, row, header: headers.get(application) ?? null, online, seenAt, held, freeze }, now),
    );
    const reports = (await this.store.read.reports.ofCluster(cluster.uid)).filter(({ report }) =>
      seesPair(scopes, report.application, cluster),
    );
    const findings = reports.flatMap(({ report }) =>
      report.findings
        .slice(0, 5)
        .map(
          (each) =>
            `${report.application}: ${each.kind} ${each.namespace ? `${each.namespace}/` : ''}${each.name} is ${each.health} (${each.reason}): ${each.message}`,
        ),
    );
    // How far an agent came, where it is under way: of what it was told last, no other.
    const generations = new Map(rows.map(({ application, row }) => [application, row.generation]));
    const progress = reports.flatMap(({ report: { application, generation, phase, message } }) =>
      phase === 'progressing' && message !== undefined && generations.get(application) === generation
        ? [`${application}: its agent says: ${message}`]
        : [],
    );
    // What an agent names in a word or two, it shows in full when it is asked.
    const trees = reports
      .filter(({ report }) => online && report.findings.length > 0)
      .map(({ report }) => `flotilla tree ${name}/${report.application}`);
    const own = clusterHolds(cluster);
    const sentences = parts.map(({ sentence }) => sentence);
    const others = parts.flatMap(({ holds }) => holds).filter(({ code }) => !own.some((each) => each.code === code));
    const [first] = own;
    const why = whyOf(
      'cluster',
      name,
      {
        sentence: first?.message ?? sentences[0] ?? `Cluster ${name} is ready; no application is placed on it`,
        holds: [...own, ...others],
        evidence: [...(first ? sentences : sentences.slice(1)), ...parts.flatMap(({ evidence }) => evidence)],
        can: [
          ...new Set([
            ...(held ? [`flotilla cluster unhold ${name}`] : []),
            ...parts.flatMap(({ can }) => can),
            ...trees.slice(0, 3),
          ]),
        ],
      },
      [...progress, ...findings],
    );
    return this.signed(why);
  }
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

/** How far a cluster is on its way out. */
function explainLeaving(
  { name, online, seenAt, createdAt }: StoredCluster,
  { by, since, told }: ClusterLeaving,
  isWhole: boolean,
): Explanation {
  const left =
    told === null
      ? 'has not said yet how far it is'
      : `says that ${told.left === 1 ? '1 object is' : `${told.left} objects are`} left`;
  const away = `Cluster ${name} leaves the fleet and has not been heard of: its agent deletes what it applied when it is back, and then the registration ends`;
  const code = online ? 'leaving' : 'offline';
  const message = online
    ? `Cluster ${name} leaves the fleet: its agent deletes what it applied and ${left}; then the registration ends`
    : away;
  return {
    sentence: message,
    holds: [
      {
        code,
        message: online ? 'Its agent deletes what it applied' : 'Its agent is not online',
        since: online ? since : (seenAt ?? createdAt),
      },
    ],
    evidence: [
      `${by} said so, with the workloads to be withdrawn`,
      ...(!isWhole || told?.message === undefined ? [] : [`Its agent says: ${told.message}`]),
      ...(!isWhole || told === null || told.kept === 0 ? [] : [`It lets be: ${told.names.join(', ')}`]),
    ],
    can: [`flotilla cluster remove ${name} --leave`],
  };
}

/** What keeps a cluster from getting anything new, whatever the application. */
function clusterHolds(cluster: StoredCluster): Hold[] {
  const { name, hold, online, seenAt, createdAt } = cluster;
  const holds: Hold[] = [];
  if (!online) {
    const message = `Cluster ${name} has not been heard of; nothing new is assigned to it`;
    holds.push({ code: 'offline', message, since: seenAt ?? createdAt });
  }
  if (hold) {
    const message = `Cluster ${name} is held by ${hold.by}: ${hold.reason}; nothing new is assigned to it`;
    holds.push({ code: 'clusterHold', message, since: hold.since });
  }
  return holds;
}

function whyOf(kind: Why['kind'], name: string, explanation: Explanation, more: readonly string[] = []): Why {
  return {
    kind,
    name,
    sentence: explanation.sentence,
    holds: explanation.holds.map(holdView),
    evidence: [...explanation.evidence, ...more].slice(0, 30),
    can: [...explanation.can],
  };
}
