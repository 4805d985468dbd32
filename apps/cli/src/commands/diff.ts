import { Command } from 'commander';
import type { ApplyResult } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { repeatedly } from '../options.js';
import { painted, plain, toYaml, type Tone } from '../print.js';
import { examples } from '../program.js';
import { sendDocuments } from '../send-documents.js';
import { unifiedDiff } from '../unified-diff.js';

export function diff(context: CliContext): Command {
  return new Command('diff')
    .description(
      'Show what apply would change, as a unified diff. Ends with 0 when nothing would change, 1 when something would, 2 on an error.',
    )
    .requiredOption('-f, --filename <file>', 'file, folder, or - for standard input; may be given again', repeatedly)
    .addHelpText(
      'after',
      examples([
        ['flotilla diff -f fleet.yaml', 'what would apply change?'],
        ['flotilla diff -f objects/ || echo "not applied yet"', 'in a script'],
      ]),
    )
    .action(async ({ filename }: { filename: readonly string[] }, command: Command) => {
      await withHub(command, context, async (client) => {
        const { results } = await sendDocuments(client, context, filename, { dryRun: true });
        const text = results.map(diffOf).join('');
        if (text === '') return;
        context.exitCode = 1;
        context.out(context.colours ? coloured(text) : text);
      });
    });
}

/** What one document would change. */
export function diffOf({ kind, name, before, after }: ApplyResult): string {
  const label = `${kind.toLowerCase()}/${name}`;
  return unifiedDiff(before ? face(before) : '', after ? face(after) : '', {
    from: before ? label : '/dev/null',
    to: label,
  });
}

/** The part that a person declares: the spec, or a cluster's labels. Keys are sorted, as their order says nothing. */
function face(document: object): string {
  return toYaml('spec' in document ? { spec: document.spec } : document, { sortKeys: true });
}

function coloured(text: string): string {
  const tones: Readonly<Record<string, Tone>> = { '+': 'good', '-': 'bad', '@': 'faint' };
  return text
    .split('\n')
    .map((line) => (line === '' ? line : painted(line, tones[plain(line.slice(0, 1))])))
    .join('\n');
}
