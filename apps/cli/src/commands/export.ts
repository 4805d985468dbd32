import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { FleetExport } from '#contract';
import { messageOf, RejectedError } from '#kit';
import { withHub, type CliContext } from '../context.js';
import { counted, toYaml } from '../print.js';
import { examples } from '../program.js';

const EXPORT_MS = 120_000;

export function exportAll(context: CliContext): Command {
  return new Command('export')
    .description(
      'Write everything that is declared as documents that apply again, here or at an empty hub: sources, strategies, policies, applications, the labels of clusters with the public keys of their agents, the freeze and the Fleet. ' +
        'No secrets: credentials, tokens and webhooks are made anew. Equal fleets are equal files.',
    )
    .option('--to <folder>', 'one file per object, in folders by kind; else all to standard output')
    .addHelpText(
      'after',
      examples([
        ['flotilla export > fleet.yaml', 'all in one file'],
        ['flotilla export --to fleet/', 'files for a Git repository'],
      ]),
    )
    .action(async ({ to }: { to?: string }, command: Command) => {
      await withHub(command, context, async (client) => {
        const { documents } = await client.get<FleetExport>('/api/v1/export', {}, EXPORT_MS);
        if (to === undefined) return context.out(documents.map(textOf).join('---\n'));
        writeExport(path.resolve(context.cwd, to), documents);
        context.out(`${counted(documents.length, 'object')} written to ${to}\n`);
      });
    });
}

type Document = FleetExport['documents'][number];

function textOf(document: Document): string {
  return toYaml(document);
}

/** One file per object, over those that are there. @throws RejectedError `unwritable`, `bad-answer`. */
export function writeExport(folder: string, documents: readonly Document[]): void {
  for (const document of documents) write(folder, document);
}

/** A hub that is not what it should be must not have files written elsewhere. */
const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

function write(folder: string, document: Document): void {
  const word = document.kind.toLowerCase();
  if (!NAME.test(word) || !NAME.test(document.metadata.name)) {
    throw new RejectedError('bad-answer', 'The hub answered an object whose name is none: nothing more is written.');
  }
  const kind = path.join(folder, word);
  const file = path.join(kind, `${document.metadata.name}.yaml`);
  try {
    mkdirSync(kind, { recursive: true });
    writeFileSync(file, textOf(document));
  } catch (error) {
    throw new RejectedError('unwritable', `--to: ${file} cannot be written: ${messageOf(error, 200)}.`);
  }
}
