import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { messageOf, redactText, RetryableError, type Logger } from '#kit';

/** A document of 256 KB in base64 never comes back; keys and signatures are short. */
const LONGEST_LINE = 64 * 1024;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;
/** So long must it run for its next end to be the first. */
const STEADY_MS = 60_000;
const KILL_AFTER_MS = 2_000;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

type Running = ChildProcessByStdio<Writable, Readable, Readable>;

/** A program that answers lines of JSON by lines of JSON, kept running. */
export class SignerProgram {
  private running: Running | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private ends = 0;
  private startedAt = 0;
  private notBefore = 0;
  private closed = false;

  constructor(
    private readonly command: string,
    private readonly options: { readonly log: Pick<Logger, 'warn' | 'info'>; readonly timeoutMs: number },
  ) {}

  /** @throws RetryableError `signer-unavailable` */
  ask(question: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { timeoutMs } = this.options;
      const child = this.start();
      if (child === null) {
        reject(unavailable('it ended, and is started again in a moment'));
        return;
      }
      const id = (this.lastId += 1);
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(unavailable(`it did not answer within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.waiting.set(id, { resolve, reject, timer });
      child.stdin.write(`${JSON.stringify({ id: String(id), ...question })}\n`);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    const { running } = this;
    this.fail(unavailable('the hub ends'));
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    running.stdin.end();
    const kill = setTimeout(() => running.kill('SIGKILL'), KILL_AFTER_MS);
    await ended;
    clearTimeout(kill);
  }

  private start(): Running | null {
    if (this.running !== null) return this.running;
    if (this.closed || performance.now() < this.notBefore) return null;
    const [program = '', ...args] = this.command.split(/\s+/).filter((part) => part !== '');
    const child = spawn(program, args, { env: environmentOf(process.env), stdio: ['pipe', 'pipe', 'pipe'] });
    this.running = child;
    this.startedAt = performance.now();
    child.once('error', (error) => this.ended(child, messageOf(error, 200)));
    child.once('exit', (code, signal) => this.ended(child, `it ended with ${signal ?? code ?? 0}`));
    // Told by its exit.
    child.stdin.on('error', () => undefined);
    eachLine(
      child.stdout,
      (line) => this.take(line),
      () => child.kill('SIGKILL'),
    );
    eachLine(
      child.stderr,
      (line) => this.options.log.warn({ child: 'manifest-signer' }, redactText(line.slice(0, 300))),
      () => child.kill('SIGKILL'),
    );
    return child;
  }

  private ended(child: Running, why: string): void {
    if (this.running !== child) return;
    this.running = null;
    if (performance.now() - this.startedAt > STEADY_MS) this.ends = 0;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.ends, 10), LONGEST_WAIT_MS);
    this.ends += 1;
    this.notBefore = performance.now() + wait;
    if (!this.closed) this.options.log.warn({ why, waitMs: wait }, 'the program that signs manifests ended');
    this.fail(unavailable(why));
  }

  private take(line: string): void {
    const answer = parse(line);
    const waiting = this.waiting.get(Number(answer?.['id']));
    if (answer === null || waiting === undefined) return;
    this.waiting.delete(Number(answer['id']));
    clearTimeout(waiting.timer);
    const { error } = answer;
    if (error === undefined) waiting.resolve(answer);
    else
      waiting.reject(
        unavailable(redactText((typeof error === 'string' ? error : JSON.stringify(error)).slice(0, 200))),
      );
  }

  private fail(error: Error): void {
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.waiting.clear();
  }
}

function unavailable(why: string): RetryableError {
  return new RetryableError('signer-unavailable', `The program that signs manifests gives no answer: ${why}`);
}

/** The hub's own variables hold secrets that are none of its business: it gets those that are named for it. */
function environmentOf(all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = Object.keys(all).filter((name) => name === 'PATH' || name === 'HOME' || name.startsWith('SIGNER_'));
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function eachLine(stream: Readable, take: (line: string) => void, tooLong: () => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
    if (rest.length > LONGEST_LINE) tooLong();
  });
}
