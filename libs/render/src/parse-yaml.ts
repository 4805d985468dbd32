import { loadAll, YAMLException } from 'js-yaml';
import { messageOf, RejectedError } from '#kit';
import type { JsonObject, JsonValue } from '#domain';
import { kubeYamlSchema, mergelessYamlSchema, UncarriedValue } from './kube-yaml-schema.js';

export interface YamlLimits {
  /** Values of all documents, with every alias written out. */
  readonly maxValues: number;
  /** Characters of all texts, with every alias written out. */
  readonly maxCharacters: number;
  /** Documents of one file. */
  readonly maxDocuments: number;
}

export const YAML_LIMITS: YamlLimits = {
  maxValues: 2_000_000,
  maxCharacters: 64 * 1024 * 1024,
  maxDocuments: 20_000,
};

export interface YamlOptions {
  readonly limits?: YamlLimits;
  /**
   * Refuse what two programs may read as two things, for texts that are checked here and then read by another: merge keys (Go's YAML
   * lets a later `<<` win over the keys before it) and the line breaks of YAML 1.1 alone (where a comment ends for Go, and not here).
   */
  readonly unambiguous?: boolean;
  /** Take the last of keys that are there twice in a mapping, as Helm does, rather than refuse them. */
  readonly lastWins?: boolean;
}

const maxDepth = 100;
const breaksOfOld = /[\u0085\u2028\u2029]/;

/**
 * Reads the documents of one file or of a program's output as kubectl would; empty documents are left out.
 * @param file how messages name the text
 * @throws RejectedError `yaml-invalid`, naming file and line
 */
export function parseYaml(text: string | Uint8Array, file: string, options: YamlOptions = {}): readonly JsonValue[] {
  const { limits = YAML_LIMITS, unambiguous = false, lastWins = false } = options;
  const schema = unambiguous ? mergelessYamlSchema : kubeYamlSchema;
  let documents: unknown[];
  try {
    const source = typeof text === 'string' ? text : decode(text, file);
    if (unambiguous && breaksOfOld.test(source))
      throw invalid(file, 'it has a line break that not every program takes for one');
    documents = loadAll(source, { schema, json: lastWins, maxDepth, maxAliases: 10_000, maxTotalMergeKeys: 100_000 });
  } catch (error) {
    if (error instanceof RejectedError) throw error;
    throw invalid(file, reasonOf(error));
  }
  if (documents.length > limits.maxDocuments) {
    throw invalid(file, `it has ${documents.length} documents; at most ${limits.maxDocuments} are taken`);
  }
  const kept = documents.filter((each) => each !== null && each !== undefined);
  const budget = { values: limits.maxValues, characters: limits.maxCharacters, merge: !unambiguous };
  for (const each of kept) measure(each, budget, file, 0);
  return kept as JsonValue[];
}

/** As parseYaml, for a text whose documents must be objects. */
export function parseObjects(text: string | Uint8Array, file: string, options?: YamlOptions): readonly JsonObject[] {
  return parseYaml(text, file, options).map((document, index) => {
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as JsonObject;
    // Not what it holds: that may be a secret.
    const what = Array.isArray(document) ? 'list' : typeof document;
    throw invalid(file, `document ${index + 1} is a ${what}, not an object`);
  });
}

interface Budget {
  values: number;
  characters: number;
  readonly merge: boolean;
}

/** An alias costs nothing to parse and everything to write out: nine lines can stand for billions of values. */
function measure(value: unknown, budget: Budget, file: string, depth: number): void {
  budget.values -= 1;
  if (typeof value === 'string') budget.characters -= value.length;
  if (budget.values < 0 || budget.characters < 0) {
    throw invalid(file, 'it is too large once its aliases are written out');
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) throw invalid(file, `it is nested deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) {
    for (const item of value) measure(item, budget, file, depth + 1);
    return;
  }
  const record = value as Record<string, unknown>;
  for (const key of Object.keys(record)) {
    if (key === '<<' && !budget.merge) throw invalid(file, 'it has a merge key (<<): write out what it merges');
    budget.characters -= key.length;
    measure(record[key], budget, file, depth + 1);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof YAMLException) {
    const where = error.mark === undefined ? '' : `line ${error.mark.line + 1}: `;
    return `${where}${plainer(error.reason)}`;
  }
  if (error instanceof UncarriedValue) return error.message;
  if (error instanceof RangeError) return 'it is nested too deeply';
  return messageOf(error, 300);
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(file, 'it is not UTF-8 text');
  }
}

function plainer(reason: string): string {
  if (reason === 'duplicated mapping key') return 'this key is there twice in one mapping';
  return reason.replace(/tag:yaml\.org,2002:/g, '!!');
}

function invalid(file: string, reason: string): RejectedError {
  return new RejectedError('yaml-invalid', `${file}: ${reason}.`, { file });
}
