import { startDeletion } from '../deletes.js';
import { equalJson, type JsonMap, listOf, mapOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import { isEstablished } from '../kind-registry.js';
import { type ControllerContext, nowText, type Reconcile, withCondition, writeStatus } from './context.js';
import { type StoredObject } from '../object-store.js';

const serviceKind = builtInKind('', 'v1', 'services');
const ingressKind = builtInKind('networking.k8s.io', 'v1', 'ingresses');
const claimKind = builtInKind('', 'v1', 'persistentvolumeclaims');
const definitionKind = builtInKind('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
const apiServiceKind = builtInKind('apiregistration.k8s.io', 'v1', 'apiservices');

function addressFor(uid: string): string {
  return `203.0.113.${(parseInt(uid.slice(0, 2), 16) || 1) % 254}`;
}

export const reconcileService: Reconcile = (context, stored, object) => {
  const spec = mapOf(object['spec']);
  const balanced = spec['type'] === 'LoadBalancer';
  if (!balanced) {
    if (mapOf(mapOf(object['status'])['loadBalancer'])['ingress'] !== undefined) {
      writeStatus(context, serviceKind, object, { loadBalancer: {} });
    }
    return undefined;
  }
  const left = context.readyMs - context.inPhaseFor(stored.uid, 'LoadBalancer');
  if (left > 0) return left;
  const ingress = [{ ip: addressFor(stored.uid), ipMode: 'VIP' }];
  writeStatus(context, serviceKind, object, { ...mapOf(object['status']), loadBalancer: { ingress } });
  return undefined;
};

export const reconcileIngress: Reconcile = (context, stored, object) => {
  const left = context.readyMs - context.inPhaseFor(stored.uid, 'address');
  if (left > 0) return left;
  writeStatus(context, ingressKind, object, { loadBalancer: { ingress: [{ ip: addressFor(stored.uid) }] } });
  return undefined;
};

export const reconcileClaim: Reconcile = (context, stored, object) => {
  const spec = mapOf(object['spec']);
  if (mapOf(object['metadata'])['deletionTimestamp'] !== undefined) return releaseClaim(context, stored, object);
  if (mapOf(object['status'])['phase'] === 'Bound') return undefined;
  const className = textOf(spec['storageClassName']);
  const found = className === '' ? undefined : context.state.store.get('storageclasses.storage.k8s.io', '', className);
  const waits = found !== undefined && context.parse(found)['volumeBindingMode'] === 'WaitForFirstConsumer';
  if (waits && !isClaimUsed(context, stored)) return 1000;
  const left = context.readyMs - context.inPhaseFor(stored.uid, 'binding');
  if (left > 0) return left;
  const storage = mapOf(mapOf(spec['resources'])['requests'])['storage'] ?? '1Gi';
  const accessModes = spec['accessModes'] ?? ['ReadWriteOnce'];
  context.write(claimKind, {
    ...object,
    spec: { ...spec, volumeName: `pvc-${stored.uid}` },
    status: { phase: 'Bound', accessModes, capacity: { storage } },
  });
  return undefined;
};

function isClaimUsed(context: ControllerContext, claim: StoredObject): boolean {
  const pods = context.state.store.list('pods', claim.namespace);
  return pods.some((pod) => pod.json.includes(`"claimName":"${claim.name}"`));
}

/** Lets a claim that is to go go, once no Pod uses it. */
function releaseClaim(context: ControllerContext, stored: StoredObject, object: JsonMap): number | undefined {
  if (isClaimUsed(context, stored)) return 1000;
  const metadata = mapOf(object['metadata']);
  const all = listOf(metadata['finalizers']);
  const rest = all.filter((each) => each !== 'kubernetes.io/pvc-protection');
  if (rest.length === 0) context.state.store.remove(stored);
  else if (rest.length < all.length)
    context.write(claimKind, { ...object, metadata: { ...metadata, finalizers: rest } });
  return undefined;
}

export const reconcileDefinition: Reconcile = (context, _stored, object) => {
  if (isEstablished(object)) {
    return mapOf(object['metadata'])['deletionTimestamp'] === undefined ? undefined : 1;
  }
  const now = nowText(context);
  const spec = mapOf(object['spec']);
  const accepted = { reason: 'NoConflicts', message: 'no conflicts found' };
  const established = { reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' };
  let conditions = withCondition([], now, 'NamesAccepted', 'True', accepted);
  conditions = withCondition(conditions, now, 'Established', 'True', established);
  const stored = listOf(spec['versions'])
    .map(mapOf)
    .filter((version) => version['storage'] === true)
    .map((version) => version['name'] ?? '');
  writeStatus(context, definitionKind, object, {
    conditions,
    acceptedNames: mapOf(spec['names']),
    storedVersions: stored,
  });
  return undefined;
};

export const reconcileApiService: Reconcile = (context, _stored, object) => {
  const local = { reason: 'Local', message: 'Local APIServices are always available' };
  const conditions = withCondition(mapOf(object['status'])['conditions'], nowText(context), 'Available', 'True', local);
  writeStatus(context, apiServiceKind, object, { ...mapOf(object['status']), conditions });
  return undefined;
};

/** Empties a namespace that is going, and takes it away when nothing is left in it. */
export const reconcileNamespace: Reconcile = (context, stored, object) => {
  if (mapOf(object['metadata'])['deletionTimestamp'] === undefined) return undefined;
  const { store, kinds } = context.state;
  for (const each of [...store.all()]) {
    if (each.namespace !== stored.name) continue;
    const kind = kinds.byStorageKey(each.key);
    const current = store.get(each.key, each.namespace, each.name);
    if (kind !== undefined && current !== undefined) startDeletion(context.state, kind, current, 'Background');
  }
  const left = [...store.all()].filter((each) => each.namespace === stored.name).length;
  const held = listOf(mapOf(object['metadata'])['finalizers']).length > 0;
  if (left === 0 && !held) {
    store.remove(stored);
    return undefined;
  }
  const status = { ...mapOf(object['status']), phase: 'Terminating' };
  if (!equalJson(object['status'], status)) context.write(builtInKind('', 'v1', 'namespaces'), { ...object, status });
  return 50;
};
