import { matchesSelector, selectable, type Explanation, type Hold, type Selector } from '#domain';
import type { ClusterLeaving, StoredCluster } from '#ports';

/** A cluster that has not joined. */
export function explainWaiting({ name, createdAt }: StoredCluster): Explanation {
  return {
    sentence: `Cluster ${name} is registered and waits for its agent to join`,
    holds: [{ code: 'notJoined', message: 'Its agent has not joined yet', since: createdAt }],
    evidence: [],
    can: [`flotilla cluster token ${name}`],
  };
}

/** What is known of an application that no cluster's row tells of. */
export interface Absent {
  readonly application: string;
  /** Of its placement; null: every cluster. */
  readonly selector: Selector | null;
  /** What was told of it last; those about this cluster are looked for. */
  readonly warnings: readonly string[];
  /** What is in the way of a new release. */
  readonly holds: readonly Hold[];
  /** Id of the rollout that runs now; null: none. */
  readonly running: string | null;
}

/** Why an application is not on a cluster. */
export function explainAbsence(cluster: StoredCluster, absent: Absent): Explanation {
  const { name, online } = cluster;
  const { application, selector, warnings, holds, running } = absent;
  const own = clusterHolds(cluster);
  if (selector && !matchesSelector(selector, selectable(cluster))) {
    const sentence = `${application} is not placed on ${name}: the cluster's labels and facts do not match spec.placement.selector`;
    const can = [`flotilla get application ${application} -o yaml`, `flotilla describe cluster ${name}`];
    return { sentence, holds: [], evidence: [], can };
  }
  const leftOut = warnings.find((warning) => warning.startsWith(`Cluster "${name}" is left out: `));
  const can = [`flotilla why application/${application}`];
  if (leftOut !== undefined) {
    const why = leftOut.slice(leftOut.indexOf(': ') + 2);
    return { sentence: `${application} is left out on ${name}: ${why}`, holds: own, evidence: [], can };
  }
  const not = `${application} has not been assigned to ${name}`;
  const [first] = holds;
  if (first) return { sentence: `${not}: ${first.message}`, holds: [...holds, ...own], evidence: [], can };
  if (running !== null)
    return { sentence: `${not}: it catches up when rollout ${running} has ended`, holds: own, evidence: [], can };
  if (!online) return { sentence: `${not}: it is offline`, holds: own, evidence: [], can };
  return { sentence: `${not} yet`, holds: own, evidence: [], can };
}

/** How far a cluster is on its way out. */
export function explainLeaving(
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
export function clusterHolds(cluster: StoredCluster): Hold[] {
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
