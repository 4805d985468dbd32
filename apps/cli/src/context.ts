import type { Command } from 'commander';
import { findAccess, type AccessOptions } from './hub-access.js';
import { HubClient } from './hub-client.js';

/** What a command acts through: replaced as a whole by tests. */
export interface CliContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** All of standard input. @throws RejectedError when it is beyond the limit. */
  readonly readStdin: () => Promise<string>;
  /** Asks a person; null when nobody sits there. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Whether `out` goes to a terminal, which can be drawn on again. */
  readonly isTerminal: boolean;
  readonly colours: boolean;
  /** Shows a page in the person's browser; false: there is none. */
  readonly openBrowser: (url: string) => Promise<boolean>;
  /** Rows of the terminal. */
  readonly rows: () => number;
  /** Ends what would go on for ever; once asked for, Ctrl-C aborts it instead of ending the process. */
  readonly interrupted: () => AbortSignal;
  /** The process' exit code once the command is done. */
  exitCode: number;
}

/** The client of the hub that flags, environment or the data folder name. */
export function clientOf(command: Command, context: CliContext): HubClient {
  return new HubClient(findAccess(command.optsWithGlobals<AccessOptions>(), context.env, context.cwd));
}

/** Runs with a client and leaves no connection behind, so that the process ends when the command does. */
export async function withHub<T>(
  command: Command,
  context: CliContext,
  run: (client: HubClient) => Promise<T>,
): Promise<T> {
  const client = clientOf(command, context);
  try {
    return await run(client);
  } finally {
    client.close();
  }
}
