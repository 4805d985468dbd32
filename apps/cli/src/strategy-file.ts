import { Option } from 'commander';
import { RejectedError } from '#kit';
import type { CliContext } from './context.js';
import { readDocuments } from './read-documents.js';

/** By which strategy: a declared one by its name, or one of a file. */
export interface StrategyOptions {
  readonly strategy?: string;
  readonly strategyFile?: string;
}

export function strategyOption(): Option {
  return new Option('--strategy <name>', 'by another strategy than the application’s').conflicts('strategyFile');
}

export function strategyFileOption(): Option {
  return new Option(
    '--strategy-file <file>',
    'by the strategy in a file, which nobody has to apply; - is standard input',
  );
}

/**
 * What the hub takes for the strategy: its name, or the spec of the file's one document, which is a Strategy or a spec alone.
 * @throws RejectedError `no-strategy`
 */
export async function wantedStrategy(
  { strategy, strategyFile }: StrategyOptions,
  context: CliContext,
): Promise<string | object | undefined> {
  if (strategyFile === undefined) return strategy;
  const [document, ...more] = await readDocuments([strategyFile], context, { option: '--strategy-file' });
  const spec = specOf(document?.value);
  if (spec !== null && more.length === 0) return spec;
  throw new RejectedError(
    'no-strategy',
    `--strategy-file: ${strategyFile} must hold one document, a Strategy or its spec (waves: …).`,
  );
}

function specOf(value: unknown): object | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  if (!('kind' in value)) return value;
  const { kind, spec } = value as { kind: unknown; spec?: unknown };
  return kind === 'Strategy' && typeof spec === 'object' && spec !== null ? spec : null;
}
