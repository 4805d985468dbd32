import type { JsonObject, KubeObject } from '#domain';
import { clusterKinds } from './big-bundle-cluster-kinds.js';
import { namespacedKinds } from './big-bundle-kinds.js';

export interface BigBundleOptions {
  /** How many, exactly; at least as many as there are kinds. */
  readonly objects: number;
  /** Where the namespaced ones are; it is not made. */
  readonly namespace: string;
  /** Cluster-wide names begin with it, so two bundles of one application and seed are the same objects. */
  readonly application: string;
  readonly seed: number;
  /** At most this many Deployments have a replica, and so a Pod; the others have none. 10 unless told. */
  readonly pods?: number;
}

/** What the makers of objects draw from. */
export interface Draw {
  readonly namespace: string;
  readonly application: string;
  /** A whole number from 0 to below `below`. */
  readonly number: (below: number) => number;
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T;
  /** Lower-case words, about so many characters. */
  readonly text: (characters: number) => string;
  /** API group of the bundle's own kinds. */
  readonly group: string;
  readonly pods: number;
}

export interface KindMaker {
  readonly apiVersion: string;
  readonly kind: string;
  /** Namespaced. */
  readonly inside: boolean;
  /** How often it comes, against the others. */
  readonly weight: number;
  /** No more than this, however large the bundle: what burdens the API server for everybody, or makes objects itself. */
  readonly most?: number;
  /** @param at how many of the kind came before */
  readonly make: (draw: Draw, name: string, at: number) => JsonObject;
}

const kinds: readonly KindMaker[] = [...namespacedKinds, ...clusterKinds];

/** How many kinds a big bundle is made of; each is in it at least once. */
export const BIG_BUNDLE_KINDS = kinds.length;

/**
 * Objects of many kinds as an application could have them, valid on a real API server, and the same for the same options. All of
 * them become healthy, or are suspended, without anything that is not in the bundle; webhooks and policies match nothing.
 */
export function bigBundle(options: BigBundleOptions): readonly KubeObject[] {
  const { objects, namespace, application, seed, pods = 10 } = options;
  if (objects < BIG_BUNDLE_KINDS)
    throw new Error(`a big bundle has ${BIG_BUNDLE_KINDS} objects at least, one of each kind`);
  const number = drawNumbers(seed);
  const draw: Draw = {
    namespace,
    application,
    number,
    pick: (choices) => choices[number(choices.length)] ?? choices[0],
    text: (characters) => words(number, characters),
    group: `${application}.example.com`,
    pods,
  };
  return shares(objects).flatMap(([maker, count]) =>
    Array.from({ length: count }, (_, at) => objectOf(maker, draw, at)),
  );
}

function objectOf(maker: KindMaker, draw: Draw, at: number): KubeObject {
  const { apiVersion, kind, inside } = maker;
  const name = inside ? `${kind.toLowerCase()}-${at}` : `${draw.application}-${kind.toLowerCase()}-${at}`;
  const { metadata, ...rest } = maker.make(draw, name, at);
  const labels = { 'app.kubernetes.io/name': name, 'example.com/tier': draw.pick(['front', 'back', 'data']) };
  return {
    apiVersion: apiVersion.replace('GROUP', draw.group),
    kind,
    metadata: { name, ...(inside && { namespace: draw.namespace }), labels, ...(metadata as JsonObject | undefined) },
    ...rest,
  };
}

/** One of each kind, the rest by weight until the number is exact. */
function shares(objects: number): readonly (readonly [KindMaker, number])[] {
  const counts = new Map(kinds.map((maker) => [maker, 1]));
  let left = objects - kinds.length;
  for (const maker of kinds.filter(({ most }) => most !== undefined)) {
    const more = Math.min((maker.most ?? 1) - 1, Math.floor((objects * maker.weight) / 1_000), left);
    counts.set(maker, 1 + more);
    left -= more;
  }
  const open = kinds.filter(({ most }) => most === undefined);
  const total = open.reduce((sum, { weight }) => sum + weight, 0);
  const spare = left;
  for (const maker of open) {
    const more = Math.floor((spare * maker.weight) / total);
    counts.set(maker, 1 + more);
    left -= more;
  }
  const [first] = open;
  if (first !== undefined) counts.set(first, (counts.get(first) ?? 0) + left);
  return [...counts];
}

/** mulberry32: small, and the same on every machine. */
function drawNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const VOCABULARY = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heath', 'inlet', 'jetty'];

function words(number: (below: number) => number, characters: number): string {
  let text = VOCABULARY[number(VOCABULARY.length)] ?? '';
  while (text.length < characters) text += ` ${VOCABULARY[number(VOCABULARY.length)] ?? ''}`;
  return text;
}
