import { expect } from '@jest/globals';
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
  readonly openBrowser?: CliContext['openBrowser'];
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
    openBrowser: surroundings.openBrowser ?? (async () => false),
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

/** The command line of a person who stands in a folder with the hub's data: its access file is found by FLOTILLA_DATA. */
export class CommandLine {
  constructor(private readonly folder: () => string) {}

  /** Runs a line as a shell would split it; double quotes hold words together. */
  run(line: string, more: CliSurroundings = {}): Promise<Ran> {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    return runFlotilla(words, { env: { FLOTILLA_DATA: 'data' }, cwd: this.folder(), ...more });
  }

  /** What it printed. Fails unless it ended with 0 and complained of nothing. */
  async fine(line: string, more: CliSurroundings = {}): Promise<string> {
    const { out, error, code } = await this.run(line, more);
    expect({ line, error, code }).toEqual({ line, error: '', code: 0 });
    return out;
  }

  /** What it complained of. Fails unless it ended with 1 and printed nothing. */
  async refused(line: string): Promise<string> {
    const { out, error, code } = await this.run(line);
    expect({ line, out, code }).toEqual({ line, out: '', code: 1 });
    return error;
  }
}
