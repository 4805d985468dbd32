import { lstat, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { loadAll, YAMLException } from 'js-yaml';
import { MOST_DOCUMENTS } from '#contract';
import { messageOf, RejectedError } from '#kit';
import type { GitRepository, GitSource } from '#ports';

/** A document and where a person finds it. */
export interface FleetDocument {
  readonly value: unknown;
  /** Path in the source. */
  readonly file: string;
  /** Which one in the file, from 1. */
  readonly number: number;
}

export interface FleetFilesLimits {
  readonly files: number;
  readonly bytes: number;
  readonly documents: number;
  /** Values of all documents, with every alias written out. */
  readonly values: number;
}

/** A fleet of 10,000 clusters, each with a file of its own, fits. */
export const FLEET_FILES_LIMITS: FleetFilesLimits = {
  files: 20_000,
  bytes: 64 * 1024 * 1024,
  documents: MOST_DOCUMENTS,
  values: 2_000_000,
};

const MAX_DEPTH = 100;

/**
 * The documents of a folder of a commit and of the folders in it: its *.yaml, *.yml and *.json, in the order of their paths. What
 * begins with a dot is left out.
 * @param pinned the repository at a commit
 * @param at the folder, as the Fleet names it
 * @param scratch where it is exported to for a moment
 * @throws RejectedError `fleet-empty` where there is no document: that is never taken for an empty fleet; `fleet-invalid`, naming file
 * and line; what the export throws.
 */
export async function readFleetFiles(
  git: Pick<GitSource, 'export'>,
  pinned: GitRepository & { readonly sha: string },
  at: string,
  scratch: string,
  limits: FleetFilesLimits = FLEET_FILES_LIMITS,
): Promise<readonly FleetDocument[]> {
  const folder = await realpath(await mkdtemp(path.join(scratch, 'fleet-')));
  try {
    const wanted = path.posix.normalize(at).replace(/\/+$/, '');
    // What lies beside it may be anything, and much.
    await git.export(pinned, folder, wanted === '.' ? undefined : [wanted]);
    const root = await realpath(path.join(folder, at)).catch(() => null);
    if (root === null || (root !== folder && !root.startsWith(`${folder}${path.sep}`))) {
      throw new RejectedError('fleet-empty', `There is no folder ${at} in the commit: nothing is changed`);
    }
    const files = await listFiles(folder, root, limits);
    const budget = { bytes: limits.bytes, documents: limits.documents, values: limits.values };
    const documents: FleetDocument[] = [];
    for (const file of files) documents.push(...(await readOne(folder, file, budget)));
    if (documents.length > 0) return documents;
    throw new RejectedError('fleet-empty', `There is no document in ${at}: that is an error, and nothing is changed`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Paths in the export, in their order. */
async function listFiles(folder: string, root: string, limits: FleetFilesLimits): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const name of (await readdir(at)).sort()) {
      if (name.startsWith('.')) continue;
      const place = path.join(at, name);
      const stat = await lstat(place);
      if (stat.isDirectory()) await walk(place);
      else if (!/\.(ya?ml|json)$/.test(name)) continue;
      else if (stat.isFile()) found.push(path.relative(folder, place));
      // Left out, what it declares would be taken for gone.
      else throw invalid(path.relative(folder, place), 'is a symlink: put the file itself there');
      if (found.length > limits.files) throw invalid(path.relative(folder, root), `has over ${limits.files} files`);
    }
  };
  await walk(root);
  return found;
}

interface Budget {
  bytes: number;
  documents: number;
  values: number;
}

async function readOne(folder: string, file: string, budget: Budget): Promise<FleetDocument[]> {
  const bytes = await readFile(path.join(folder, file));
  budget.bytes -= bytes.length;
  if (budget.bytes < 0) throw invalid(file, 'is one too many: together they are too large');
  let values: unknown[];
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    values = loadAll(text, { maxDepth: MAX_DEPTH, maxAliases: 1_000 });
  } catch (error) {
    throw invalid(file, reasonOf(error));
  }
  return values.flatMap((value, index): FleetDocument[] => {
    if (value === null || value === undefined) return [];
    budget.documents -= 1;
    measure(value, budget, 0);
    if (budget.documents < 0 || budget.values < 0) throw invalid(file, 'has too much in it');
    return itemsOf(value).map((item) => ({ value: item, file, number: index + 1 }));
  });
}

/** An alias costs nothing to parse and everything to write out: nine lines can stand for billions of values. */
function measure(value: unknown, budget: Budget, depth: number): void {
  budget.values -= 1;
  if (budget.values < 0 || depth > MAX_DEPTH || typeof value !== 'object' || value === null) return;
  for (const each of Object.values(value)) measure(each, budget, depth + 1);
}

/** A list, as `flotilla get -o json` prints it, is its items. */
function itemsOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !('items' in value)) return [value];
  const { items, kind } = value as { items: unknown; kind?: unknown };
  return Array.isArray(items) && (kind === undefined || kind === 'List') ? items : [value];
}

function reasonOf(error: unknown): string {
  if (error instanceof YAMLException) {
    return `${error.mark === undefined ? '' : `line ${error.mark.line + 1}: `}is not YAML: ${error.reason}`;
  }
  return error instanceof TypeError ? 'is not UTF-8 text' : `can't be read: ${messageOf(error, 200)}`;
}

function invalid(file: string, what: string): RejectedError {
  return new RejectedError('fleet-invalid', `${file} ${what}; nothing is changed`, { status: 422 });
}

/** `clusters/eu.yaml, document 2 (Cluster/eu-1)`. */
function placeOf({ file, number, value }: FleetDocument): string {
  const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } | null };
  const name = metadata?.name;
  const what = typeof kind === 'string' && typeof name === 'string' ? ` (${kind}/${name})` : '';
  return `${file}${number === 1 ? '' : `, document ${number}`}${what}`;
}

/** The door speaks of `documents[3].spec.path`; whoever wrote it has files. Whatever else went wrong is left as it is. */
export function inTheirFiles(error: unknown, documents: readonly FleetDocument[]): unknown {
  if (!(error instanceof RejectedError)) return error;
  const translate = (text: string): string =>
    text.replace(/documents\[(\d+)\](\.?)/g, (whole, index: string, dot: string) => {
      const document = documents[Number(index)];
      return document ? `${placeOf(document)}${dot ? ': ' : ''}` : whole;
    });
  const fields = error.details?.['fields'] as readonly { path: string; message: string }[] | undefined;
  return new RejectedError(error.code, translate(error.message), {
    ...error.details,
    ...(fields && {
      fields: fields.map((field) => ({ path: translate(field.path), message: translate(field.message) })),
    }),
  });
}
