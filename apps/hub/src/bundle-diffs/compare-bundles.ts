import { dump } from 'js-yaml';
import type { BundledObjectDiff } from '#contract';
import { diffHunks, type JsonObject } from '#domain';
import { diffBody, groupOf, type MarkValue, refKey, refOf, refTitle, SecretMask } from '#kube';

/** What differs between two bundles, as far as it is told. */
export interface BundleComparison {
  readonly objects: readonly BundledObjectDiff[];
  readonly unchanged: number;
  /** Objects that differ and are not told. */
  readonly more: number;
}

export interface ComparisonTerms {
  /** The application's: an object that names none is the same as one that names it. */
  readonly namespace: string;
  readonly mark: MarkValue;
}

/** Objects that are told of two bundles, and bytes of each one's diff and of all together. */
export const DIFF_LIMITS = { objects: 200, bytes: 64 * 1024, allBytes: 2 * 1024 * 1024 } as const;

type Change = BundledObjectDiff['change'];

interface Differing {
  readonly change: Change;
  readonly key: string;
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
}

/** What is deleted is what people look for first. */
const ORDER: readonly Change[] = ['removed', 'changed', 'added'];

/** Compares two bundles object by object; null: there is none. Values of their Secrets are marks, wherever they stand. */
export function compareBundles(
  before: readonly JsonObject[] | null,
  after: readonly JsonObject[] | null,
  { namespace, mark }: ComparisonTerms,
): BundleComparison {
  const { differing, unchanged } = differencesOf(byKey(before ?? [], namespace), byKey(after ?? [], namespace));
  const mask = SecretMask.of(before ?? []).with(SecretMask.of(after ?? []));
  const textOf = (object: JsonObject | null): string =>
    object === null ? '' : dump(diffBody(object, [mask], mark), { lineWidth: -1, noRefs: true, sortKeys: true });
  const objects: BundledObjectDiff[] = [];
  let bytes = 0;
  for (const { change, before: old, after: young } of differing.slice(0, DIFF_LIMITS.objects)) {
    const diff = diffHunks(textOf(old), textOf(young));
    const told = cutAtLine({ object: titleOf((young ?? old) as JsonObject), change, diff });
    bytes += sizeOf(told);
    if (bytes > DIFF_LIMITS.allBytes) break;
    objects.push(told);
  }
  return { objects, unchanged, more: differing.length - objects.length };
}

/** What a diff takes of an answer, bytes of JSON, well counted. */
export function sizeOf(told: BundledObjectDiff): number {
  return Buffer.byteLength(JSON.stringify(told)) + 1;
}

function byKey(objects: readonly JsonObject[], namespace: string): ReadonlyMap<string, JsonObject> {
  return new Map(objects.map((object) => [refKey({ namespace, ...refOf(object) }), object]));
}

function differencesOf(
  before: ReadonlyMap<string, JsonObject>,
  after: ReadonlyMap<string, JsonObject>,
): { readonly differing: readonly Differing[]; readonly unchanged: number } {
  const differing: Differing[] = [];
  let unchanged = 0;
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, young] = [before.get(key) ?? null, after.get(key) ?? null];
    if (old && young && faceOf(old) === faceOf(young)) unchanged += 1;
    else differing.push({ key, before: old, after: young, change: !old ? 'added' : !young ? 'removed' : 'changed' });
  }
  const rank = ({ change }: Differing): number => ORDER.indexOf(change);
  differing.sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1));
  return { differing, unchanged };
}

/** A status is the cluster's to write. Bundles are canonical JSON: equal objects have equal texts. */
function faceOf({ status: _status, ...rest }: JsonObject): string {
  return JSON.stringify(rest);
}

function titleOf(object: JsonObject): string {
  const ref = refOf(object);
  const group = groupOf(ref.apiVersion);
  return group === '' ? refTitle(ref) : `${group}/${refTitle(ref)}`;
}

function cutAtLine(told: BundledObjectDiff): BundledObjectDiff {
  const bytes = Buffer.from(told.diff);
  if (bytes.length <= DIFF_LIMITS.bytes) return told;
  const end = bytes.lastIndexOf('\n', DIFF_LIMITS.bytes - 1) + 1;
  // One line that is longer than all that may be told ends within itself, at the end of a character.
  const text = bytes.subarray(0, end > 1 ? end : DIFF_LIMITS.bytes).toString('utf8');
  return { ...told, diff: end > 1 ? text : text.replace(/\uFFFD+$/, ''), cut: true };
}
