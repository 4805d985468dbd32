import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { RESOURCE_KINDS, type FleetExport } from '#contract';
import { messageOf, RejectedError } from '#kit';
import { withHub, type CliContext } from '../context.js';
import { counted, toYaml } from '../print.js';
import { examples } from '../program.js';

const EXPORT_MS = 120_000;

export function exportAll(context: CliContext): Command {
  return new Command('export')
    .description(
      'Write everything that is declared as documents that apply again, here or at an empty hub: sources, strategies, policies, applications, the labels of clusters with the public keys of their agents, the freeze, the Fleet, and what holds clusters and pauses applications. ' +
        'No secrets: credentials, tokens and webhooks are made anew. Equal fleets are equal files.',
    )
    .option('--to <folder>', 'one file per object, in folders by kind; else all to standard output')
    .option('--prune', 'with --to: delete files of that form whose object is not there any more')
    .addHelpText(
      'after',
      examples([
        ['flotilla export > fleet.yaml', 'all in one file'],
        ['flotilla export --to fleet/', 'files for a Git repository'],
        ['flotilla export --to fleet/ --prune', 'the folder as the fleet is now'],
      ]),
    )
    .action(async ({ to, prune }: { to?: string; prune?: boolean }, command: Command) => {
      if (prune && to === undefined) throw new RejectedError('usage', '--prune goes with --to FOLDER.');
      await withHub(command, context, async (client) => {
        const { documents } = await client.get<FleetExport>('/api/v1/export', {}, EXPORT_MS);
        if (to === undefined) return context.out(documents.map(textOf).join('---\n'));
        const left = writeExport(path.resolve(context.cwd, to), documents, { prune: prune ?? false });
        context.out(`${counted(documents.length, 'object')} written to ${to}${leftText(left, prune ?? false)}\n`);
      });
    });
}

type Document = FleetExport['documents'][number];

/** Keys in their order, whatever the hub's is: what did not change makes no difference. */
function textOf(document: Document): string {
  return toYaml(document, { sortKeys: true });
}

function leftText(left: readonly string[], isGone: boolean): string {
  if (left.length === 0) return '';
  const names = `${left.slice(0, 5).join(', ')}${left.length > 5 ? ', …' : ''}`;
  const files = counted(left.length, 'file');
  return isGone
    ? `; ${files} of objects that are gone deleted: ${names}`
    : `; ${files} there of no such object: ${names} (--prune deletes them)`;
}

/**
 * One file per object, `KIND/NAME.yaml`, over those that are there.
 * @returns the files of that form that are of no object of the export, by path in the folder; with `prune` they are deleted.
 * @throws RejectedError `unwritable`, `bad-answer`.
 */
export function writeExport(
  folder: string,
  documents: readonly Document[],
  { prune }: { readonly prune: boolean },
): readonly string[] {
  const files = new Map(documents.map((document) => [fileOf(document), document]));
  const left = RESOURCE_KINDS.flatMap((kind) => {
    const word = kind.toLowerCase();
    return listYaml(path.join(folder, word)).map((name) => `${word}/${name}`);
  }).filter((file) => !files.has(file));
  for (const [file, document] of files) write(path.join(folder, file), textOf(document));
  if (prune) for (const file of left) remove(path.join(folder, file));
  return left;
}

function listYaml(folder: string): readonly string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
}

/** A hub that is not what it should be must not have files written elsewhere. */
const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

function fileOf({ kind, metadata }: Document): string {
  const word = kind.toLowerCase();
  if (!NAME.test(word) || !NAME.test(metadata.name)) {
    throw new RejectedError('bad-answer', 'The hub answered an object whose name is none: nothing is written.');
  }
  return `${word}/${metadata.name}.yaml`;
}

function write(file: string, text: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw unwritable(file, error);
  }
}

function remove(file: string): void {
  try {
    rmSync(file);
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): RejectedError {
  return new RejectedError('unwritable', `--to: ${file} cannot be written: ${messageOf(error, 200)}.`);
}
