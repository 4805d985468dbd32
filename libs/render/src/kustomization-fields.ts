import { RejectedError, redactText } from '#kit';
import type { JsonObject, JsonValue } from '#domain';
import { failed } from './kustomization-file.js';
import { parseYaml } from './parse-yaml.js';

/**
 * What kustomize would fetch rather than read: anything with a scheme, `user@host…`, `github.com/…`, `git::…`. It asks this before it
 * looks at the disk, so a local folder of such a name doesn't help.
 */
const remote = /^\s*(git::|[a-z][a-z0-9+.-]*:\/\/|https?:|[a-z][a-z0-9-]*@|(www\.)?github\.com[/:])/i;

/** Whether kustomize would fetch what a text names. */
export function isRemote(text: string): boolean {
  return remote.test(text);
}

/** @throws RejectedError `remote-base` where a text names something that is fetched */
export function refuseRemote(text: string, namedBy: string): void {
  if (isRemote(text)) throw remoteBase(text, namedBy, 'copy it in, nothing else is fetched');
}

export function remoteBase(text: string, namedBy: string, mend: string): RejectedError {
  return new RejectedError('remote-base', `${namedBy} names ${quote(text)}, which is not in this repository: ${mend}.`);
}

/** Texts under these names are files to a built-in plugin, and so would be fetched where they are URLs. */
const pluginPaths = new Set(['path', 'paths', 'files', 'envs', 'env', 'file', 'resources', 'valuesfile']);

/** Checks the configuration of a plugin: built-in ones alone are run, and none of them fetches. */
export function checkPluginDocuments(documents: readonly JsonValue[], file: string): void {
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

/** The documents of a text that stands in the kustomization itself, or null where it is a path. */
export function readInline(text: string): readonly JsonValue[] | null {
  try {
    const documents = parseYaml(text, 'inline');
    return documents.length > 0 && documents.every((each) => typeof each === 'object') ? documents : null;
  } catch {
    return null;
  }
}

/** kustomize reads a member's name without regard to case, at every level. */
export function member(value: JsonValue, name: string, file: string): JsonValue | undefined {
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

export function listOf(value: JsonObject | JsonValue, name: string, file: string): readonly JsonValue[] {
  const found = member(value, name, file);
  if (found === undefined || found === null) return [];
  if (typeof found !== 'object' || !isList(found)) throw failed(`${file}: ${name} must be a list`);
  return found;
}

export function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function quote(text: string): string {
  return JSON.stringify(redactText(text.slice(0, 200)));
}
