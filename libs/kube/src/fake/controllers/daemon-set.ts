import { type JsonMap, mapOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import { generationOf, type Reconcile, shareOf, shortHash, writeStatus } from './context.js';
import { createPod, type OwnedPod, podsOf } from './pods-of.js';

const daemonSetKind = builtInKind('apps', 'v1', 'daemonsets');
const revisionLabel = 'controller-revision-hash';
const templateGeneration = 'deprecated.daemonset.template.generation';

function nodeOf(pod: OwnedPod): string {
  return textOf(mapOf(pod.pod['spec'])['nodeName']);
}

/** One Pod a node; an update replaces as many at once as may be unavailable. */
export const reconcileDaemonSet: Reconcile = (context, _stored, object) => {
  if (mapOf(object['metadata'])['deletionTimestamp'] !== undefined) return undefined;
  const spec = mapOf(object['spec']);
  const revision = shortHash(mapOf(spec['template']));
  const isFresh = (pod: OwnedPod): boolean => mapOf(mapOf(pod.pod['metadata'])['labels'])[revisionLabel] === revision;
  const nodes = context.nodeNames();
  let pods = podsOf(context, object);
  // The number of the template, which not every change of the object raises.
  const number = textOf(mapOf(mapOf(object['metadata'])['annotations'])[templateGeneration]);
  const labels = { [revisionLabel]: revision, 'pod-template-generation': number };
  const covered = new Set(pods.map(nodeOf));
  for (const node of nodes) if (!covered.has(node)) createPod(context, object, { labels, nodeName: node });
  for (const pod of pods) if (!nodes.includes(nodeOf(pod))) context.state.store.remove(pod.stored);

  pods = podsOf(context, object);
  if (mapOf(spec['updateStrategy'])['type'] !== 'OnDelete') {
    const limits = mapOf(mapOf(spec['updateStrategy'])['rollingUpdate']);
    const allowed = Math.max(1, shareOf(limits['maxUnavailable'], nodes.length, Math.ceil));
    let down = pods.filter((pod) => !pod.ready).length;
    for (const pod of pods.filter((each) => !isFresh(each))) {
      if (pod.ready && down >= allowed) continue;
      if (pod.ready) down += 1;
      context.state.store.remove(pod.stored);
      createPod(context, object, { labels, nodeName: nodeOf(pod) });
    }
  }
  pods = podsOf(context, object);
  const ready = pods.filter((pod) => pod.ready).length;
  const status: JsonMap = {
    currentNumberScheduled: pods.length,
    numberMisscheduled: 0,
    desiredNumberScheduled: nodes.length,
    numberReady: ready,
    observedGeneration: generationOf(object),
  };
  const updated = pods.filter(isFresh).length;
  if (updated > 0) status['updatedNumberScheduled'] = updated;
  if (ready > 0) status['numberAvailable'] = ready;
  if (nodes.length > ready) status['numberUnavailable'] = nodes.length - ready;
  writeStatus(context, daemonSetKind, object, status);
  return undefined;
};
