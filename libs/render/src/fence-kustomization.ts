import { readFile, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { RejectedError } from '#kit';
import type { JsonValue } from '#domain';
import type { RenderInput } from '#ports';
import { type CommitTree, CommitTrees } from './commit-tree.js';
import { failed, KUSTOMIZATION_NAMES, readKustomization } from './kustomization-file.js';
import {
  checkPluginDocuments,
  isRemote,
  listOf,
  member,
  quote,
  readInline,
  refuseRemote,
} from './kustomization-fields.js';
import { parseYaml } from './parse-yaml.js';
import { type Inside, resolveInside } from './resolve-inside.js';

const maxKustomizations = 2000;
const maxPluginBytes = 4 * 1024 * 1024;

/** Fields whose texts are files, or folders with a kustomization. */
const folderFields = ['resources', 'bases', 'components'] as const;
const fileFields = ['crds', 'configurations'] as const;
/** Files, folders, or the configuration of a plugin itself. */
const pluginFields = ['generators', 'transformers', 'validators'] as const;

interface Visit {
  readonly tree: CommitTree;
  readonly folder: string;
  /** Whether what its resources hold is run as plugins. */
  readonly asPlugins: boolean;
}

/**
 * Walks every kustomization that an overlay reaches, before kustomize sees any of them, and refuses whatever would lead it out of the
 * repository: kustomize itself clones remote bases, fetches any path that is a URL, and follows symlinked folders anywhere.
 * @param root real path of the exported commit
 * @param overlay folder below it
 * @returns the commits that it reaches, with all that it reads of them; several only where `baseOf` knows a base's repository
 * @throws RejectedError `remote-base`, `path-escapes`, `kustomize-failed`, `yaml-invalid`
 */
export async function fenceKustomization(
  root: string,
  overlay: string,
  baseOf?: RenderInput['baseOf'],
): Promise<CommitTrees> {
  const trees = new CommitTrees(root, baseOf);
  const first: Visit = { tree: trees.own, folder: overlay, asPlugins: false };
  const named = new Map<string, readonly Visit[]>();
  const pending: Visit[] = [first];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const key = keyOf(visit);
    if (named.has(key)) continue;
    const found = await fenceNamed(trees, visit);
    named.set(key, found);
    if (named.size > maxKustomizations) throw tooMany(overlay);
    pending.push(...found);
  }
  countLoads(named, first, overlay);
  return trees;
}

/**
 * kustomize reads a folder anew each time that it is named: thirty that each name the next one twice are a billion. Counted without
 * walking them all.
 */
function countLoads(named: ReadonlyMap<string, readonly Visit[]>, first: Visit, overlay: string): void {
  const loads = new Map<string, number | 'counting'>();
  // As deep as kustomizations name each other, and there are at most maxKustomizations of them.
  const count = (visit: Visit): number => {
    const key = keyOf(visit);
    const known = loads.get(key);
    if (known === 'counting') throw failed(`${overlay} reaches ${visit.folder}, which names itself again`);
    if (known !== undefined) return known;
    loads.set(key, 'counting');
    const sum = (named.get(key) ?? []).reduce((total, each) => total + count(each), 1);
    if (sum > maxKustomizations) throw tooMany(overlay);
    loads.set(key, sum);
    return sum;
  };
  count(first);
}

function keyOf({ tree, folder, asPlugins }: Visit): string {
  return `${tree.root}\n${folder}\n${asPlugins}`;
}

function tooMany(overlay: string): RejectedError {
  return failed(`${overlay} reaches more than ${maxKustomizations} kustomizations`);
}

/** As fenceOne, with the repository named in what is wrong with another one than the application's own. */
async function fenceNamed(trees: CommitTrees, visit: Visit): Promise<readonly Visit[]> {
  try {
    return await fenceOne(trees, visit);
  } catch (error) {
    const { name } = visit.tree;
    if (name === '' || !(error instanceof RejectedError)) throw error;
    throw new RejectedError(error.code, `${name}: ${error.message}`);
  }
}

/** Checks one kustomization and answers those that it names. */
async function fenceOne(trees: CommitTrees, { tree, folder, asPlugins }: Visit): Promise<readonly Visit[]> {
  const { root, reads } = tree;
  const { file, inside: itself, fields } = await readKustomization(root, folder);
  reads.add(itself);
  await reads.addFolder(folder, KUSTOMIZATION_NAMES);
  const found: Visit[] = [];

  async function checkFile(value: JsonValue | undefined, field: string): Promise<void> {
    if (typeof value !== 'string' || value === '') return;
    refuseRemote(value, `${file}: ${field}`);
    const inside = await resolveInside(root, folder, value, `${file}: ${field}`);
    if (inside?.kind === 'file') return reads.add(inside);
    if (inside === null) throw missing(value, field);
    throw failed(`${file}: ${field} names ${quote(value)}, which is a folder`);
  }

  function missing(value: string, field: string): RejectedError {
    const missingPath = posix.join(folder, value);
    return failed(`${file}: ${field} names ${quote(value)}, which is not there`, { missingPath });
  }

  async function checkPlugin(text: string, field: string): Promise<void> {
    // Which files it names is its own affair; they lie in this folder.
    reads.addPath(folder);
    if (readInline(text) !== null) {
      const named = `${file}: ${field}`;
      checkPluginDocuments(parseYaml(text, named, { unambiguous: true }), named);
    } else await checkResource(text, field, true);
  }

  async function checkResource(value: JsonValue, field: string, plugins: boolean): Promise<void> {
    if (typeof value !== 'string') throw failed(`${file}: ${field} must be a list of paths`);
    if (isRemote(value) && !plugins) return checkRemote(value, field);
    refuseRemote(value, `${file}: ${field}`);
    const inside = await resolveInside(root, folder, value, `${file}: ${field}`);
    if (inside === null) throw missing(value, field);
    await visit(tree, inside, plugins);
  }

  async function visit(into: CommitTree, inside: Inside, plugins: boolean): Promise<void> {
    if (inside.kind === 'folder') {
      into.reads.addLinks(inside);
      found.push({ tree: into, folder: inside.relative, asPlugins: plugins });
      return;
    }
    into.reads.add(inside);
    if (plugins) checkPluginDocuments(await readPlugin(inside.real, inside.relative), inside.relative);
  }

  async function checkRemote(value: string, field: string): Promise<void> {
    const base = await trees.find(value, `${file}: ${field}`);
    const inside = await resolveInside(base.tree.root, '.', base.folder, `${file}: ${field}`);
    if (inside?.kind !== 'folder') {
      const how = inside === null ? 'is not there' : 'is a file';
      throw failed(`${file}: ${field} names ${quote(value)}, of which ${quote(base.folder)} ${how}`);
    }
    await visit(base.tree, inside, false);
    const rebased = tree.rebased.get(file) ?? { fields, to: new Map() };
    rebased.to.set(value, { tree: base.tree, folder: inside.relative });
    tree.rebased.set(file, rebased);
  }

  for (const field of folderFields)
    for (const each of listOf(fields, field, file)) await checkResource(each, field, asPlugins);
  for (const field of fileFields) for (const each of listOf(fields, field, file)) await checkFile(each, field);
  for (const field of pluginFields) {
    for (const each of listOf(fields, field, file)) {
      if (typeof each !== 'string') throw failed(`${file}: ${field} must be a list of paths`);
      refuseRemote(each, `${file}: ${field}`);
      await checkPlugin(each, field);
    }
  }
  for (const field of ['patches', 'patchesJson6902', 'patchesStrategicMerge', 'replacements'] as const) {
    for (const each of listOf(fields, field, file)) {
      if (typeof each !== 'string') await checkFile(member(each, 'path', file), `${field}.path`);
      else if (readInline(each) === null) await checkFile(each, field);
      else refuseRemote(each, `${file}: ${field}`);
    }
  }
  await checkFile(member(fields['openapi'] ?? null, 'path', file), 'openapi.path');
  for (const field of ['configMapGenerator', 'secretGenerator'] as const) {
    for (const generator of listOf(fields, field, file)) {
      for (const each of listOf(generator, 'files', file)) {
        // `key=path`, or the path alone.
        if (typeof each === 'string') await checkFile(each.slice(each.indexOf('=') + 1), `${field}.files`);
      }
      for (const each of listOf(generator, 'envs', file)) await checkFile(each, `${field}.envs`);
      await checkFile(member(generator, 'env', file), `${field}.env`);
    }
  }
  return found;
}

async function readPlugin(real: string, file: string): Promise<readonly JsonValue[]> {
  const { size } = await stat(real);
  if (size > maxPluginBytes) throw failed(`${file} has ${size} bytes; at most ${maxPluginBytes} are taken`);
  return parseYaml(await readFile(real), file, { unambiguous: true });
}
