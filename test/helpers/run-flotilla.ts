import type { CliContext } from '../../apps/cli/src/context.js';
import { runCli } from '../../apps/cli/src/run-cli.js';

export interface Ran {
  readonly out: string;
  readonly error: string;
  readonly code: number;
}

/** What a test gives a command: nothing of the process it runs in is seen. */
export interface CliSurroundings {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly ask?: CliContext['ask'];
  readonly isTerminal?: boolean;
  readonly signal?: AbortSignal;
}

/** A context that keeps what is written. */
export function keepingContext(surroundings: CliSurroundings = {}): { context: CliContext; ran: () => Ran } {
  let out = '';
  let error = '';
  const context: CliContext = {
    env: surroundings.env ?? {},
    cwd: surroundings.cwd ?? '/',
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    readStdin: async () => surroundings.stdin ?? '',
    ask: surroundings.ask ?? null,
    isTerminal: surroundings.isTerminal ?? false,
    colours: false,
    rows: () => 24,
    interrupted: () => surroundings.signal ?? new AbortController().signal,
    exitCode: 0,
  };
  return { context, ran: () => ({ out, error, code: context.exitCode }) };
}

/** Runs `flotilla` with these words, in this process, and tells what it wrote and how it ended. */
export async function runFlotilla(words: readonly string[], surroundings: CliSurroundings = {}): Promise<Ran> {
  const { context, ran } = keepingContext(surroundings);
  await runCli(words, context);
  return ran();
}
