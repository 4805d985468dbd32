import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { JsonObject, JsonValue } from '#domain';
import { redactText, RejectedError } from '#kit';
import type { RenderPatch } from '#ports';
import { parseObjects, parseYaml } from './parse-yaml.js';

/** kustomize over one folder; answers the YAML. @throws RejectedError `kustomize-failed` */
export type BuildFolder = (root: string, folder: string) => Promise<Uint8Array>;

/** What bears this is left out of everything that kustomize prints. */
const localConfig = 'config.kubernetes.io/local-config';
/** What messages of bounds name. */
const folderName = 'spec.patches';

/**
 * Applies an application's own patches, one after the other, to whatever was rendered: the real kustomize over the objects.
 * kustomize takes a target that nothing has for good; here it is a mistake, as a patch without a target always was.
 * @param scratch where a folder may be made meanwhile
 * @throws RejectedError `patch-failed`, naming the patch's field
 */
export async function applyPatches(
  objects: readonly JsonObject[],
  patches: readonly RenderPatch[],
  scratch: string,
  build: BuildFolder,
): Promise<readonly JsonObject[]> {
  if (objects.length === 0) return objects;
  // Nobody gets an object past a patch, nor loses one.
  const local = objects.find(isLocal);
  if (local !== undefined) throw notPatched(`${called(local)} has the annotation ${localConfig}: remove it`);
  const root = await mkdtemp(path.join(scratch, 'flotilla-patches-'));
  try {
    const folder = path.join(root, folderName);
    await mkdir(folder);
    await writeFile(path.join(folder, 'objects.yaml'), writeYaml(objects));
    const run = async (list: readonly object[]): Promise<readonly JsonObject[]> => {
      const kustomization = { resources: ['objects.yaml'], sortOptions: { order: 'fifo' }, patches: list };
      await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
      return parseObjects(await build(root, folderName), 'what was patched');
    };
    const { patched, hit } = await runMarked(patches, run);
    const missed = patches.findIndex(({ target }, index) => target !== undefined && !hit.has(index));
    const first = patches[missed];
    if (first !== undefined) throw patchFailed(first, 'its target is no object that was rendered');
    return patched;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

type Run = (list: readonly object[]) => Promise<readonly JsonObject[]>;

/** Each target is marked just before its patch, in a field that no object has, nor can guess: what bears the mark was hit. */
async function runMarked(
  patches: readonly RenderPatch[],
  run: Run,
): Promise<{ readonly patched: readonly JsonObject[]; readonly hit: ReadonlySet<number> }> {
  const mark = `flotilla-${randomBytes(16).toString('hex')}-`;
  const marked = patches.flatMap((patch, index) => [...markOf(mark, patch, index), plain(patch)]);
  let printed: readonly JsonObject[];
  try {
    printed = await run(marked);
  } catch (error) {
    if (!isFailure(error)) throw error;
    printed = await runPlain(patches, run);
  }
  const hit = new Set<number>();
  const patched = printed.map((object) => unmark(mark, object, hit));
  const lost = patches.flatMap((patch, index) => (hit.has(index) ? [] : markOf(mark, patch, index)));
  // A patch may take away the whole object, and the mark with it.
  if (lost.length > 0) for (const object of await run(lost)) unmark(mark, object, hit);
  return { patched, hit };
}

function markOf(mark: string, { target }: RenderPatch, index: number): readonly object[] {
  if (target === undefined) return [];
  return [{ target, patch: JSON.stringify([{ op: 'add', path: `/${mark}${index}`, value: true }]) }];
}

function plain({ target, patch }: RenderPatch): object {
  return {
    ...(target !== undefined && { target }),
    patch: patch.trimStart().startsWith('[') && !isJson(patch) ? asJson(patch) : patch,
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What begins with a bracket is JSON to kustomize, though YAML has such lists too; what is neither is left for it to refuse. */
function asJson(list: string): string {
  try {
    const [only, ...others] = parseYaml(list, 'patch', { unambiguous: true });
    return only === undefined || others.length > 0 ? list : JSON.stringify(only);
  } catch {
    return list;
  }
}

function unmark(mark: string, object: JsonObject, hit: Set<number>): JsonObject {
  const marks = Object.keys(object).filter((key) => key.startsWith(mark));
  if (marks.length === 0) return object;
  for (const key of marks) hit.add(Number(key.slice(mark.length)));
  return Object.fromEntries(Object.entries(object).filter(([key]) => !key.startsWith(mark)));
}

/** Without marks; finds the patch that an error is of: all before it apply, and none behind it was come to. */
async function runPlain(patches: readonly RenderPatch[], run: Run): Promise<readonly JsonObject[]> {
  const runFirst = (count: number): Promise<readonly JsonObject[] | RejectedError> =>
    run(patches.slice(0, count).map(plain)).catch((error: unknown) => {
      if (isFailure(error)) return error;
      throw error;
    });
  const all = await runFirst(patches.length);
  if (!(all instanceof RejectedError)) return all;
  let failure = all;
  let works = -1;
  let fails = patches.length;
  while (fails - works > 1) {
    const middle = works < 0 ? 0 : Math.floor((works + fails) / 2);
    const found = await runFirst(middle);
    if (found instanceof RejectedError) [fails, failure] = [middle, found];
    else works = middle;
  }
  const guilty = patches[fails - 1];
  const reason = failure.message.replace(/^[^:]*: /, '').replace(/\.$/, '');
  if (guilty !== undefined) throw patchFailed(guilty, reason);
  throw notPatched(reason);
}

function notPatched(reason: string): RejectedError {
  return new RejectedError('patch-failed', `spec.patches: what was rendered cannot be patched: ${reason}.`);
}

function isFailure(error: unknown): error is RejectedError {
  return error instanceof RejectedError && error.code === 'kustomize-failed';
}

function patchFailed({ field }: RenderPatch, reason: string): RejectedError {
  return new RejectedError('patch-failed', `${field}: ${reason}.`, { field });
}

function isLocal(object: JsonObject): boolean {
  const annotations = (object['metadata'] as JsonObject | undefined)?.['annotations'];
  return typeof annotations === 'object' && annotations !== null && Object.hasOwn(annotations, localConfig);
}

function called(object: JsonObject): string {
  const metadata = object['metadata'] as JsonObject;
  return redactText(`${textOf(object['kind'])} ${textOf(metadata['name'])}`.slice(0, 200));
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '?';
}

/** JSON, with all that a reader of YAML could take for something else written as numbers. */
function writeYaml(objects: readonly JsonObject[]): string {
  const escape = (letter: string): string => {
    const code = (letter.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  };
  return objects.map((each) => `${JSON.stringify(each).replace(/[^\x20-\x7e]/gu, escape)}\n`).join('---\n');
}
