import type { CliContext } from './context.js';

const MAX_STDIN_BYTES = 16 * 1024 * 1024;

/** The context of the real process. */
export function processContext(): CliContext {
  const { stdin, stdout, stderr, env } = process;
  // The reader of a pipe has seen enough (`| head`): that is no failure.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode);
      throw error;
    });
  }
  const isTerminal = stdout.isTTY === true && env['TERM'] !== 'dumb';
  let controller: AbortController | null = null;
  return {
    env,
    cwd: process.cwd(),
    out: (text) => void stdout.write(text),
    error: (text) => void stderr.write(text),
    readStdin: () => readAll(stdin),
    ask: stdin.isTTY === true && stderr.isTTY === true ? askPerson : null,
    isTerminal,
    colours: env['FORCE_COLOR'] ? env['FORCE_COLOR'] !== '0' : isTerminal && !env['NO_COLOR'],
    openBrowser: async (url) => (await import('./open-browser.js')).openBrowser(url, env),
    rows: () => stdout.rows ?? 24,
    interrupted: () => {
      if (controller === null) {
        const made = new AbortController();
        controller = made;
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
          process.once(signal, () => made.abort());
        }
      }
      return controller.signal;
    },
    exitCode: 0,
  };
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_STDIN_BYTES) {
      const { inputTooLarge } = await import('./input-too-large.js');
      throw inputTooLarge();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Ctrl-C and the end of input are a no. */
async function askPerson(question: string): Promise<string> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.once('SIGINT', () => {
      process.stderr.write('\n');
      lines.close();
    });
    lines.once('close', () => resolve(''));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}
