import type { JsonObject, JsonValue } from '#domain';
import { RejectedError } from '#kit';
import { parseObjects, YAML_LIMITS } from '../parse-yaml.js';

/** One object that Helm printed, and which template made it. */
export interface Printed {
  readonly object: JsonObject;
  /** `web/templates/deployment.yaml`; empty where Helm doesn't tell. */
  readonly template: string;
}

/** What Helm users do at an install and an upgrade; the agent runs these. */
const kept: ReadonlySet<string> = new Set(['pre-install', 'post-install', 'pre-upgrade', 'post-upgrade']);

/**
 * Reads what `helm template` prints: documents that each say which template they are of.
 * @throws RejectedError `yaml-invalid`, naming the template
 */
export function parsePrinted(text: string): {
  readonly printed: readonly Printed[];
  readonly warnings: readonly string[];
} {
  const warnings: string[] = [];
  const printed: Printed[] = [];
  let template = '';
  let documents = 0;
  // As Helm itself splits templates: in a stream of YAML nothing else can begin a line so.
  for (const document of text.split(/^---(?=[ \t\r]*$)/m)) {
    // A file of crds/ may have several documents, and only its first one tells.
    template = /^\s*# Source: (\S+)/.exec(document)?.[1] ?? template;
    documents += 1;
    if (documents > YAML_LIMITS.maxDocuments) {
      throw new RejectedError(
        'output-too-large',
        `The chart renders to more than ${YAML_LIMITS.maxDocuments} documents.`,
      );
    }
    for (const object of parseDocument(document, template, warnings)) printed.push({ object, template });
  }
  return { printed, warnings };
}

/** Charts of others have keys twice now and then, mostly labels, and neither Helm nor the API server minds. */
function parseDocument(document: string, template: string, warnings: string[]): readonly JsonObject[] {
  const file = template === '' ? 'what Helm printed' : template;
  try {
    return parseObjects(document, file);
  } catch (error) {
    if (!(error instanceof RejectedError) || !error.message.includes('this key is there twice')) throw error;
    const objects = parseObjects(document, file, { lastWins: true });
    const names = objects.map(nameOf).join(', ').slice(0, 100);
    warnings.push(`${file}: ${names} has a key twice in one mapping; the last one is taken, as Helm does.`);
    return objects;
  }
}

/** Takes away hooks that are not run: tests, rollbacks, deletions. What stays bears its annotations. */
export function leaveOutHooks(printed: readonly Printed[]): {
  readonly kept: readonly Printed[];
  readonly warnings: readonly string[];
} {
  const warnings: string[] = [];
  const stay = printed.filter(({ object, template }) => {
    const hooks = hooksOf(object);
    const not = hooks.filter((each) => !kept.has(each));
    if (not.length === 0) return true;
    const stays = not.length < hooks.length;
    const what = `${nameOf(object)} (${template})`;
    const which = `${not.join(' and ')} hook`;
    warnings.push(
      stays ? `${what} is not run as the ${which} that it is as well.` : `${what} is left out: it is a ${which}.`,
    );
    return stays;
  });
  return { kept: stay, warnings };
}

function hooksOf(object: JsonObject): readonly string[] {
  const metadata = object['metadata'];
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  const hook = isObject(annotations) ? annotations['helm.sh/hook'] : undefined;
  if (typeof hook !== 'string') return [];
  return hook
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '');
}

/** `Job web-migrate` */
export function nameOf(object: JsonObject): string {
  const metadata = object['metadata'];
  const name = isObject(metadata) ? metadata['name'] : undefined;
  return `${typeof object['kind'] === 'string' ? object['kind'] : 'object'} ${typeof name === 'string' ? name : '(without a name)'}`;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
