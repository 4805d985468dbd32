import { randomBytes, randomUUID } from 'node:crypto';

import { fillDefaults } from '../defaults.js';
import { cloneJson, type JsonMap, mapOf, textOf } from '../json-tree.js';
import { type StoredObject } from '../object-store.js';
import { type ControllerContext, controllerReference, createOwned } from './context.js';
import { advancePod, isPodReady, podKind } from './pod.js';

export interface OwnedPod {
  readonly stored: StoredObject;
  readonly pod: JsonMap;
  readonly ready: boolean;
}

/** The Pods that an owner has and that are not over. */
export function podsOf(context: ControllerContext, owner: JsonMap): OwnedPod[] {
  return allPodsOf(context, owner).filter(({ pod }) => {
    const phase = mapOf(pod['status'])['phase'];
    return phase !== 'Failed' && phase !== 'Succeeded' && mapOf(pod['metadata'])['deletionTimestamp'] === undefined;
  });
}

export function allPodsOf(context: ControllerContext, owner: JsonMap): OwnedPod[] {
  const uid = textOf(mapOf(owner['metadata'])['uid']);
  return context.state.store.ownedBy(uid, 'pods').map((stored) => {
    const pod = context.parse(stored);
    return { stored, pod, ready: isPodReady(pod) };
  });
}

export interface NewPod {
  /** Without it, the owner's name and five random characters. */
  readonly name?: string;
  readonly labels?: JsonMap;
  readonly nodeName?: string;
}

/** Creates a Pod from the owner's template, already as far as it gets in no time. */
export function createPod(context: ControllerContext, owner: JsonMap, wanted: NewPod = {}): void {
  const metadata = mapOf(owner['metadata']);
  const template = cloneJson(mapOf(mapOf(owner['spec'])['template']));
  const inherited = mapOf(template['metadata']);
  const prefix = `${textOf(metadata['name'])}-`;
  const own: JsonMap = { name: wanted.name ?? prefix + randomBytes(3).toString('hex').slice(0, 5) };
  if (wanted.name === undefined) own['generateName'] = prefix;
  own['namespace'] = metadata['namespace'] ?? '';
  own['labels'] = { ...mapOf(inherited['labels']), ...wanted.labels };
  if (inherited['annotations'] !== undefined) own['annotations'] = inherited['annotations'];
  own['ownerReferences'] = [controllerReference(owner)];
  own['uid'] = randomUUID();
  const spec = mapOf(template['spec']);
  const node = wanted.nodeName ?? pickNode(context, textOf(own['uid']));
  if (node !== undefined) spec['nodeName'] = node;
  const pod: JsonMap = { kind: 'Pod', apiVersion: 'v1', metadata: own, spec };
  fillDefaults(pod, podKind);
  const status = node === undefined ? { phase: 'Pending' } : advancePod(context, pod).status;
  createOwned(context, podKind, own, { spec, status });
}

function pickNode(context: ControllerContext, uid: string): string | undefined {
  const names = context.nodeNames();
  return names[parseInt(uid.slice(0, 4), 16) % Math.max(1, names.length)];
}
