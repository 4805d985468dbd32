import { MODE_FACT, NAMESPACED, NAMESPACES_FACT } from '#contract';
import type { JsonObject } from '#domain';
import { callKube, isSuccess, labelOf, mapAt, mapsAt, textAt } from '#kube';
import type { Kube } from '#ports';
import type { Reach } from '../apply/reach.js';
import { cut } from '../report/compose-report.js';

export type Facts = Readonly<Record<string, string>>;

/** Names that clouds give themselves in a node's providerID, in words that people use. */
const PROVIDERS: Readonly<Record<string, string>> = {
  aws: 'aws',
  gce: 'gcp',
  azure: 'azure',
  digitalocean: 'digitalocean',
  hcloud: 'hetzner',
  openstack: 'openstack',
  vsphere: 'vsphere',
  k3s: 'k3s',
  kind: 'kind',
  kwok: 'kwok',
};

/**
 * What the cluster is: a node is looked at, the others only counted. A fact that can't be had is left out; of one that is kept to
 * namespaces, nodes are not asked for.
 */
export async function readFacts(kube: Kube, reach: Reach): Promise<Facts> {
  const nodes = { method: 'GET', path: '/api/v1/nodes', query: { limit: '1' }, timeoutMs: 10_000 } as const;
  const [version, nodeList] = await Promise.all([
    callKube(kube, { method: 'GET', path: '/version', timeoutMs: 10_000 }),
    reach === null ? callKube(kube, nodes) : null,
  ]);
  const facts = {
    ...(isSuccess(version) && versionFacts(version.body)),
    ...(nodeList !== null && isSuccess(nodeList) && nodeFacts(nodeList.body)),
    ...(reach !== null && reachFacts(reach)),
  };
  // The hub refuses a join, or a heartbeat, with a longer one: whoever runs the nodes must not be able to silence the agent.
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, cut(value, 256)]));
}

/** A fact is at most 256 characters: of many namespaces the first are told, and that there are more. */
export function reachFacts(reach: readonly string[]): Facts {
  let told = '';
  for (const [index, name] of reach.entries()) {
    const next = index === 0 ? name : `${told},${name}`;
    if (next.length > 250) return { [MODE_FACT]: NAMESPACED, [NAMESPACES_FACT]: `${told},…` };
    told = next;
  }
  return { [MODE_FACT]: NAMESPACED, [NAMESPACES_FACT]: told };
}

export function versionFacts(body: JsonObject): Facts {
  const version = textAt(body, 'gitVersion');
  const minor = /^v?(\d+)\.(\d+)/.exec(version);
  return {
    ...(version !== '' && { 'kubernetes.version': version.slice(0, 64) }),
    ...(minor !== null && { 'kubernetes.minor': `${minor[1]}.${minor[2]}` }),
  };
}

export function nodeFacts(list: JsonObject): Facts {
  const items = mapsAt(list, 'items');
  const more = mapAt(list, 'metadata')['remainingItemCount'];
  const [node] = items;
  const facts: Record<string, string> = { nodes: String(items.length + (typeof more === 'number' ? more : 0)) };
  if (node === undefined) return facts;
  const scheme = /^([a-z0-9-]+):\/\//.exec(textAt(mapAt(node, 'spec'), 'providerID'))?.[1];
  if (scheme !== undefined) facts['provider'] = Object.hasOwn(PROVIDERS, scheme) ? (PROVIDERS[scheme] ?? '') : scheme;
  const region =
    labelOf(node, 'topology.kubernetes.io/region') || labelOf(node, 'failure-domain.beta.kubernetes.io/region');
  if (region !== '') facts['region'] = region;
  return facts;
}
