import { readFile, stat } from 'node:fs/promises';
import { redactText, RejectedError } from '#kit';
import type { JsonObject, JsonValue } from '#domain';
import { failed, readKustomization } from './kustomization-file.js';
import { parseYaml } from './parse-yaml.js';
import { resolveInside } from './resolve-inside.js';

const maxKustomizations = 2000;
const maxPluginBytes = 4 * 1024 * 1024;

/**
 * What kustomize would fetch rather than read: anything with a scheme, `user@host…`, `github.com/…`, `git::…`. It asks this before it
 * looks at the disk, so a local folder of such a name doesn't help.
 */
const remote = /^\s*(git::|[a-z][a-z0-9+.-]*:\/\/|https?:|[a-z][a-z0-9-]*@|(www\.)?github\.com[/:])/i;

/** Fields whose texts are files, or folders with a kustomization. */
const folderFields = ['resources', 'bases', 'components'] as const;
const fileFields = ['crds', 'configurations'] as const;
/** Files, folders, or the configuration of a plugin itself. */
const pluginFields = ['generators', 'transformers', 'validators'] as const;

interface Visit {
  readonly folder: string;
  /** Whether what its resources hold is run as plugins. */
  readonly asPlugins: boolean;
}

/**
 * Walks every kustomization that an overlay reaches, before kustomize sees any of them, and refuses whatever would lead it out of the
 * repository: kustomize itself clones remote bases, fetches any path that is a URL, and follows symlinked folders anywhere.
 * @param root real path of the exported commit
 * @param overlay folder below it
 * @throws RejectedError `remote-base`, `path-escapes`, `kustomize-failed`, `yaml-invalid`
 */
export async function fenceKustomization(root: string, overlay: string): Promise<void> {
  const named = new Map<string, readonly Visit[]>();
  const pending: Visit[] = [{ folder: overlay, asPlugins: false }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const key = keyOf(visit);
    if (named.has(key)) continue;
    const found = await fenceOne(root, visit);
    named.set(key, found);
    if (named.size > maxKustomizations) throw tooMany(overlay);
    pending.push(...found);
  }
  countLoads(named, { folder: overlay, asPlugins: false }, overlay);
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

function keyOf({ folder, asPlugins }: Visit): string {
  return `${folder}\n${asPlugins}`;
}

function tooMany(overlay: string): RejectedError {
  return failed(`${overlay} reaches more than ${maxKustomizations} kustomizations`);
}

/** Checks one kustomization and answers those that it names. */
async function fenceOne(root: string, { folder, asPlugins }: Visit): Promise<readonly Visit[]> {
  const { file, fields } = await readKustomization(root, folder);
  const found: Visit[] = [];

  async function checkFile(value: JsonValue | undefined, field: string): Promise<void> {
    if (typeof value !== 'string' || value === '') return;
    refuseRemote(value, `${file}: ${field}`);
    const inside = await resolveInside(root, folder, value, `${file}: ${field}`);
    if (inside?.kind === 'file') return;
    throw failed(`${file}: ${field} names ${quote(value)}, which ${inside === null ? 'is not there' : 'is a folder'}`);
  }

  async function checkPlugin(text: string, field: string): Promise<void> {
    if (readInline(text) !== null) {
      const named = `${file}: ${field}`;
      checkPluginDocuments(parseYaml(text, named, { unambiguous: true }), named);
    } else await checkResource(text, field, true);
  }

  async function checkResource(value: JsonValue, field: string, plugins: boolean): Promise<void> {
    if (typeof value !== 'string') throw failed(`${file}: ${field} must be a list of paths`);
    refuseRemote(value, `${file}: ${field}`);
    const inside = await resolveInside(root, folder, value, `${file}: ${field}`);
    if (inside === null) throw failed(`${file}: ${field} names ${quote(value)}, which is not there`);
    if (inside.kind === 'folder') found.push({ folder: inside.relative, asPlugins: plugins });
    else if (plugins) checkPluginDocuments(await readPlugin(inside.real, inside.relative), inside.relative);
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

/** The documents of a text that stands in the kustomization itself, or null where it is a path. */
function readInline(text: string): readonly JsonValue[] | null {
  try {
    const documents = parseYaml(text, 'inline');
    return documents.length > 0 && documents.every((each) => typeof each === 'object') ? documents : null;
  } catch {
    return null;
  }
}

/** Texts under these names are files to a built-in plugin, and so would be fetched where they are URLs. */
const pluginPaths = new Set(['path', 'paths', 'files', 'envs', 'env', 'file', 'resources', 'valuesfile']);

function checkPluginDocuments(documents: readonly JsonValue[], file: string): void {
  const walk = (value: JsonValue, named: string): void => {
    if (typeof value === 'string') {
      if (pluginPaths.has(named)) refuseRemote(value.slice(value.indexOf('=') + 1), `${file}: ${named}`);
      return;
    }
    if (value === null || typeof value !== 'object') return;
    if (isList(value)) {
      for (const each of value) walk(each, named);
      return;
    }
    for (const [key, each] of Object.entries(value)) {
      const name = key.toLowerCase();
      if (name === 'kind' && typeof each === 'string' && /^HelmChartInflationGenerator$/i.test(each)) {
        throw failed(`${file}: ${quote(each)} asks for Helm, which is not run from a kustomization`);
      }
      if (/^config\.(kubernetes\.io|k8s\.io)\/function$/.test(name)) {
        throw failed(`${file}: it asks for a program or container to be run (${key}), which is never done`);
      }
      walk(each, name);
    }
  };
  for (const document of documents) walk(document, '');
}

function refuseRemote(text: string, namedBy: string): void {
  if (!remote.test(text)) return;
  throw new RejectedError(
    'remote-base',
    `${namedBy} names ${quote(text)}, which is not in this repository: copy it in, nothing else is fetched.`,
  );
}

/** kustomize reads a member's name without regard to case, at every level. */
function member(value: JsonValue, name: string, file: string): JsonValue | undefined {
  if (value === null || typeof value !== 'object' || isList(value)) return undefined;
  let found: JsonValue | undefined;
  for (const key of Object.keys(value)) {
    // Letters outside ASCII that Go takes for ASCII ones, such as the long s.
    if (/[\u017f\u212a]/.test(key)) throw failed(`${file}: ${JSON.stringify(key)} is no field of a kustomization`);
    if (key === name) found = value[key];
    else if (key.toLowerCase() === name.toLowerCase()) throw failed(`${file}: write ${name} instead of ${key}`);
  }
  return found;
}

function listOf(value: JsonObject | JsonValue, name: string, file: string): readonly JsonValue[] {
  const found = member(value, name, file);
  if (found === undefined || found === null) return [];
  if (typeof found !== 'object' || !isList(found)) throw failed(`${file}: ${name} must be a list`);
  return found;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function quote(text: string): string {
  return JSON.stringify(redactText(text.slice(0, 200)));
}
