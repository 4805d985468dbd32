import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadAll, YAMLException } from 'js-yaml';
import { messageOf, RejectedError } from '#kit';
import type { CliContext } from './context.js';

/** As much as the hub takes at once. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** A document and where a person finds it. */
export interface ReadDocument {
  readonly value: unknown;
  /** As the person named it, or `standard input`. */
  readonly file: string;
  /** Which one in the file, from 1. */
  readonly number: number;
}

/**
 * The documents of files, folders (their *.yaml, *.yml and *.json) and `-` for standard input. Empty documents are left out; a list,
 * as `get -o json` prints it, is its items.
 * @param options `option`: by which they were given, `-f` unless told. `recursive`: with the folders in folders, but for those
 * whose name begins with a dot.
 * @throws RejectedError that names file and line.
 */
export async function readDocuments(
  names: readonly string[],
  context: CliContext,
  { option = '-f', recursive = false }: { readonly option?: string; readonly recursive?: boolean } = {},
): Promise<ReadDocument[]> {
  const documents: ReadDocument[] = [];
  for (const name of names) {
    if (name === '-') documents.push(...parse(await context.readStdin(), 'standard input'));
    else {
      for (const file of filesOf(name, context.cwd, option, recursive))
        documents.push(...parse(read(path.resolve(context.cwd, file), option), file));
    }
  }
  if (documents.length > 0) return documents;
  throw new RejectedError('no-documents', `There is no document in ${names.join(', ')}: nothing was changed.`);
}

/** `fleet.yaml, document 2 (Application/web)`; the number is left out where there is one document only. */
export function placeOf(document: ReadDocument, all: readonly ReadDocument[]): string {
  const alone = all.filter(({ file }) => file === document.file).length === 1;
  const { kind, metadata } = (document.value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } };
  const name = metadata?.name;
  const what = typeof kind === 'string' && typeof name === 'string' ? ` (${kind}/${name})` : '';
  return `${document.file}${alone ? '' : `, document ${document.number}`}${what}`;
}

/** The hub speaks of `documents[3].spec.path`; a person has files: `fleet.yaml, document 2 (Application/web): spec.path`. */
export function inTheirFiles(error: unknown, documents: readonly ReadDocument[]): unknown {
  const fields = error instanceof RejectedError ? error.details?.['fields'] : undefined;
  if (!(error instanceof RejectedError) || !Array.isArray(fields)) return error;
  const translate = (text: string): string =>
    text.replace(/documents\[(\d+)\](\.?)/g, (whole, index: string, dot: string) => {
      const document = documents[Number(index)];
      return document ? `${placeOf(document, documents)}${dot ? ': ' : ''}` : whole;
    });
  return new RejectedError(error.code, 'The hub refused it, and nothing was changed:', {
    ...error.details,
    fields: (fields as { path: string; message: string }[]).map((field) => ({
      path: translate(field.path),
      message: translate(field.message),
    })),
  });
}

function filesOf(name: string, cwd: string, option: string, recursive: boolean): string[] {
  const stat = statSync(path.resolve(cwd, name), { throwIfNoEntry: false });
  if (!stat) throw new RejectedError('no-file', `${option}: ${name} does not exist.`);
  if (!stat.isDirectory()) return [name];
  const entries = readdirSync(path.resolve(cwd, name), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return entries.flatMap((entry) => {
    const place = path.join(name, entry.name);
    if (entry.isDirectory()) {
      return recursive && !entry.name.startsWith('.') ? filesOf(place, cwd, option, recursive) : [];
    }
    return /\.(ya?ml|json)$/.test(entry.name) ? [place] : [];
  });
}

function read(file: string, option: string): string {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new Error('it is larger than 16 MiB');
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RejectedError('unreadable', `${option}: ${file} cannot be read: ${messageOf(error, 200)}.`);
  }
}

function parse(text: string, file: string): ReadDocument[] {
  let values: unknown[];
  try {
    values = loadAll(text);
  } catch (error) {
    throw new RejectedError('bad-yaml', yamlFailure(error, file));
  }
  return values.flatMap((value, index): ReadDocument[] => {
    if (value === null || value === undefined) return [];
    return itemsOf(value).map((item) => ({ value: item, file, number: index + 1 }));
  });
}

function itemsOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !('items' in value)) return [value];
  const { items, kind } = value as { items: unknown; kind?: unknown };
  return Array.isArray(items) && (kind === undefined || kind === 'List') ? items : [value];
}

function yamlFailure(error: unknown, file: string): string {
  if (!(error instanceof YAMLException)) return `${file} is not YAML: ${messageOf(error, 300)}.`;
  const line = error.mark ? `, line ${error.mark.line + 1}` : '';
  return `${file}${line}: this is not YAML: ${error.reason}.`;
}
