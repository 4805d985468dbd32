import type { JsonObject } from '#domain';
import { RejectedError } from '#kit';
import type { Kube } from '#ports';
import { callKube } from '../apply/api-error.js';
import { type KindPath, objectPath } from '../apply/discovery.js';
import { APPLICATION_LABEL, PART_OF_LABEL } from '../apply/marks.js';
import { labelOf, mapAt, mapsAt, type ObjectRef, refOf, textAt } from '../apply/object-ref.js';
import { HUB_SECRET, NAME, NAMESPACES_SETTING } from './agent-manifest.js';
import { answered, listMetadata, listOwn, servedKinds, type Unread } from './cluster-objects.js';
import { strangersIn } from './strangers.js';

/** One of the agent's own objects. */
export interface OwnObject {
  readonly ref: ObjectRef;
  readonly path: string;
}

/** What an application has in the cluster, by the label of its objects. */
export interface LabelledApplication {
  readonly name: string;
  readonly kinds: readonly { readonly kind: string; readonly count: number }[];
}

/** An agent that was installed in a cluster, whole or what is left of it. */
export interface Installation {
  readonly namespace: string;
  /** As it joined; empty where nothing tells any more. */
  readonly clusterName: string;
  readonly hubUrl: string;
  /** What it was kept to; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  readonly deployment: OwnObject | null;
  /** Its rights: bindings before the roles that they bind. */
  readonly rights: readonly OwnObject[];
  /** What it knows and is: Secrets, then its account. */
  readonly records: readonly OwnObject[];
  readonly ownNamespace: OwnObject | null;
  /** Why the namespace stays: what else is in it. Empty: it goes. */
  readonly strangers: readonly string[];
  readonly applications: readonly LabelledApplication[];
  /** Every kind that the cluster serves. */
  readonly kinds: readonly KindPath[];
  readonly unread: readonly Unread[];
}

const RBAC = 'rbac.authorization.k8s.io/v1';
const OURS = `app.kubernetes.io/name=${NAME},app.kubernetes.io/part-of=flotilla`;

function kindOf(apiVersion: string, kind: string, plural: string, namespaced = true): KindPath {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return { apiVersion, kind, plural, namespaced, base };
}

const DEPLOYMENT = kindOf('apps/v1', 'Deployment', 'deployments');
const SECRET = kindOf('v1', 'Secret', 'secrets');
const ACCOUNT = kindOf('v1', 'ServiceAccount', 'serviceaccounts');
const NAMESPACE = kindOf('v1', 'Namespace', 'namespaces', false);
const RIGHTS = [
  kindOf(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', false),
  kindOf(RBAC, 'RoleBinding', 'rolebindings'),
  kindOf(RBAC, 'ClusterRole', 'clusterroles', false),
  kindOf(RBAC, 'Role', 'roles'),
];

/**
 * Looks at what an agent's installation consists of and what its applications have in the cluster; changes nothing.
 * @throws RejectedError `no-agent` when there is nothing of one; `kube-forbidden`, `kube-unauthorized`; RetryableError.
 */
export async function inspectInstallation(kube: Kube, namespace: string): Promise<Installation> {
  const deployment = await read(kube, DEPLOYMENT, namespace, NAME);
  const namespaces = deployment === null ? null : reachOf(deployment);
  const [rights, secrets, account, own, hub] = [
    await listRights(kube, namespace, namespaces),
    await list(kube, SECRET, namespace, `${PART_OF_LABEL}=agent`),
    await list(kube, ACCOUNT, namespace, OURS),
    await read(kube, NAMESPACE, undefined, namespace),
    await read(kube, SECRET, namespace, HUB_SECRET),
  ];
  const records = [...secrets, ...(hub === null ? [] : [ownObject(SECRET, hub)]), ...account];
  if (deployment === null && rights.length === 0 && records.length === 0) {
    throw new RejectedError(
      'no-agent',
      `There is no Flotilla agent in namespace ${namespace} of this cluster, and nothing left of one. Is it the right context? --namespace names another namespace.`,
    );
  }
  const { kinds, unread } = await servedKinds(kube);
  const labelled = await listOwn(kube, kinds, { labelSelector: APPLICATION_LABEL }, namespaces ?? []);
  const going = new Set([...rights, ...records].map(({ path }) => path));
  const isOurs = own !== null && labelOf(own, 'app.kubernetes.io/part-of') === 'flotilla';
  const strangers = isOurs
    ? await strangersIn(kube, kinds, namespace, (ref, path) => going.has(path) || isOf(ref))
    : [];
  return {
    namespace,
    clusterName: hub === null ? '' : secretText(hub, 'FLOTILLA_CLUSTER_NAME'),
    hubUrl: hub === null ? '' : secretText(hub, 'FLOTILLA_HUB_URL'),
    namespaces,
    deployment: deployment && ownObject(DEPLOYMENT, deployment),
    rights,
    records,
    ownNamespace: isOurs ? ownObject(NAMESPACE, own) : null,
    strangers,
    applications: applicationsOf(labelled.objects),
    kinds,
    unread: [...unread, ...labelled.unread],
  };
}

/** The Deployment is asked for by name, and its Pods go with it. */
function isOf({ kind, name }: ObjectRef): boolean {
  return kind === 'Deployment' && name === NAME;
}

function ownObject(kind: KindPath, object: JsonObject): OwnObject {
  const ref = { ...refOf(object), apiVersion: kind.apiVersion, kind: kind.kind };
  return { ref, path: objectPath(kind, ref.namespace, ref.name) };
}

async function read(
  kube: Kube,
  kind: KindPath,
  namespace: string | undefined,
  name: string,
): Promise<JsonObject | null> {
  const answer = await callKube(kube, { method: 'GET', path: objectPath(kind, namespace, name) });
  return answer.status === 404 ? null : answered(answer, `read ${kind.kind} ${name}`);
}

async function list(kube: Kube, kind: KindPath, namespace: string, labelSelector: string): Promise<OwnObject[]> {
  const found = await listMetadata(kube, kind, { namespace, labelSelector });
  if ('refusal' in found) answered(found.refusal, `list the ${kind.plural} of ${namespace}`);
  return 'objects' in found ? found.objects.map((object) => ownObject(kind, object)) : [];
}

/** Of whatever mode it was installed in, now or before; those of another agent's installation bind another account. */
async function listRights(kube: Kube, namespace: string, reach: readonly string[] | null): Promise<OwnObject[]> {
  const rights: OwnObject[] = [];
  for (const kind of RIGHTS) {
    const everywhere = await listMetadata(kube, kind, { labelSelector: OURS });
    if ('objects' in everywhere) {
      rights.push(...everywhere.objects.map((object) => ownObject(kind, object)));
      continue;
    }
    // Whoever may do no more than the agent that goes sees no more than it did.
    if (everywhere.refusal.status !== 403 || reach === null) answered(everywhere.refusal, `list the ${kind.plural}`);
    if (!kind.namespaced) continue;
    for (const each of [...(reach ?? []), namespace]) rights.push(...(await list(kube, kind, each, OURS)));
  }
  return rights;
}

function reachOf(deployment: JsonObject): readonly string[] | null {
  const pod = mapAt(mapAt(mapAt(deployment, 'spec'), 'template'), 'spec');
  const setting = mapsAt(pod, 'containers')
    .flatMap((container) => mapsAt(container, 'env'))
    .find((each) => each['name'] === NAMESPACES_SETTING);
  const text = setting === undefined ? '' : textAt(setting, 'value');
  return text === '' ? null : text.split(',');
}

function secretText(secret: JsonObject, key: string): string {
  return Buffer.from(textAt(mapAt(secret, 'data'), key), 'base64').toString('utf8');
}

function applicationsOf(objects: readonly JsonObject[]): readonly LabelledApplication[] {
  const counts = new Map<string, Map<string, number>>();
  for (const object of objects) {
    const application = labelOf(object, APPLICATION_LABEL);
    const kinds = counts.get(application) ?? new Map<string, number>();
    const kind = textAt(object, 'kind');
    counts.set(application, kinds.set(kind, (kinds.get(kind) ?? 0) + 1));
  }
  const byName = (a: readonly [string, unknown], b: readonly [string, unknown]): number => (a[0] < b[0] ? -1 : 1);
  return [...counts].sort(byName).map(([name, kinds]) => ({
    name,
    kinds: [...kinds].sort(byName).map(([kind, count]) => ({ kind, count })),
  }));
}
