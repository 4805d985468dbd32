import { type Json, type JsonMap } from './json-tree.js';
import { apiVersionOf, builtInKinds, type KindInfo } from './kinds.js';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const partVerbs = ['get', 'patch', 'update'];

function resourcesOf(kind: KindInfo): JsonMap[] {
  const own: JsonMap = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs,
  };
  if (kind.shortNames.length > 0) own['shortNames'] = [...kind.shortNames];
  if (kind.categories.length > 0) own['categories'] = [...kind.categories];
  const out = [own];
  const part = (name: string, more: JsonMap): void => {
    out.push({
      name: `${kind.plural}/${name}`,
      singularName: '',
      namespaced: kind.namespaced,
      ...more,
      verbs: partVerbs,
    });
  };
  if (kind.scaleSubresource) part('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' });
  if (kind.statusSubresource) part('status', { kind: kind.kind });
  return out;
}

function resourceList(groupVersion: string, kinds: readonly KindInfo[]): JsonMap {
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: kinds.flatMap(resourcesOf) };
}

function groupOf(name: string, versions: readonly string[]): JsonMap {
  const list = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] ?? {} };
}

function byGroup(kinds: readonly KindInfo[]): Map<string, Map<string, KindInfo[]>> {
  const out = new Map<string, Map<string, KindInfo[]>>();
  for (const kind of kinds) {
    let versions = out.get(kind.group);
    if (versions === undefined) out.set(kind.group, (versions = new Map<string, KindInfo[]>()));
    const list = versions.get(kind.version);
    if (list === undefined) versions.set(kind.version, [kind]);
    else list.push(kind);
  }
  return out;
}

function aggregatedResource(kind: KindInfo): JsonMap {
  const subresources: Json[] = [];
  const responseKind = { group: kind.group, version: kind.version, kind: kind.kind };
  if (kind.scaleSubresource) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    subresources.push({ subresource: 'scale', responseKind: scale, verbs: partVerbs });
  }
  if (kind.statusSubresource) subresources.push({ subresource: 'status', responseKind, verbs: partVerbs });
  const out: JsonMap = {
    resource: kind.plural,
    responseKind,
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs,
  };
  if (kind.shortNames.length > 0) out['shortNames'] = [...kind.shortNames];
  if (kind.categories.length > 0) out['categories'] = [...kind.categories];
  if (subresources.length > 0) out['subresources'] = subresources;
  return out;
}

function namedGroup(name: string): JsonMap {
  return name === '' ? {} : { name };
}

function aggregated(kinds: readonly KindInfo[], core: boolean): JsonMap {
  const items = [...byGroup(kinds)]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]) => ({
      metadata: namedGroup(group),
      versions: [...versions].map(([version, list]) => ({
        version,
        resources: list.map(aggregatedResource),
        freshness: 'Current',
      })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

/** Documents of the built-in kinds are made once for all clusters, as text. */
const shared = new Map<string, string>();

function document(path: string, kinds: readonly KindInfo[], wantsAggregated: boolean): JsonMap | undefined {
  if (path === 'api' || path === 'apis') {
    if (wantsAggregated) return aggregated(kinds, path === 'api');
    if (path === 'api') {
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    }
    const groups = [...byGroup(kinds)].filter(([group]) => group !== '');
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groups.map(([group, versions]) => groupOf(group, [...versions.keys()])),
    };
  }
  const [root, group = '', version] = path.split('/');
  if (root === 'api') {
    const list = byGroup(kinds).get('')?.get(group);
    return list === undefined ? undefined : resourceList(group, list);
  }
  const versions = byGroup(kinds).get(group);
  if (root !== 'apis' || group === '' || versions === undefined) return undefined;
  if (version === undefined) {
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, [...versions.keys()]) };
  }
  const list = versions.get(version);
  return list === undefined ? undefined : resourceList(apiVersionOf({ group, version }), list);
}

/** The answer to a request for a discovery document as JSON, or undefined where there is none. */
export function discoveryDocument(
  path: readonly string[],
  accept: string,
  custom: ReadonlyMap<string, KindInfo>,
): string | undefined {
  const wantsAggregated = path.length === 1 && accept.includes('g=apidiscovery.k8s.io') && accept.includes('v=v2');
  const joined = path.join('/');
  if (custom.size > 0) {
    const made = document(joined, [...builtInKinds, ...custom.values()], wantsAggregated);
    return made === undefined ? undefined : JSON.stringify(made);
  }
  const key = `${joined} ${wantsAggregated}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  const made = document(joined, builtInKinds, wantsAggregated);
  if (made === undefined) return undefined;
  const text = JSON.stringify(made);
  shared.set(key, text);
  return text;
}
