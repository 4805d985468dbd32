import { pino, type Logger as PinoLogger } from 'pino';
import { redactText, redactValue } from './redact.js';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

interface LogMethod {
  (message: string): void;
  (fields: object, message?: string): void;
}

/** What the product's parts see of the log: fields first, then a short message. ERROR means that a person must act. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  readonly child: (fields: Readonly<Record<string, unknown>>) => Logger;
}

/** Where lines go. */
export interface LogOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface LoggerOptions {
  /** `info` unless told. */
  readonly level?: LogLevel;
  /** stderr unless told: a program's stdout belongs to its answers. */
  readonly output?: LogOutput;
  /** `json`, one object a line; `text`, a short line for a person; unless told, `text` on a terminal and `json` elsewhere. */
  readonly format?: 'json' | 'text';
  /** Fields of every line. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Makes a logger. Secret-like keys and texts never reach the output; see redact.ts for what counts. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', output = process.stderr, fields = {} } = options;
  const format = options.format ?? (output.isTTY === true ? 'text' : 'json');
  const colours = output.isTTY === true && process.env['NO_COLOR'] === undefined;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: redactFields,
      },
      // The formatters have made plain objects of errors already.
      serializers: { err: (error: unknown) => error },
    },
    {
      write: (line: string) => {
        const safe = redactText(line);
        output.write(format === 'text' ? toText(safe, colours) : safe);
      },
    },
  );
  return wrap(logger).child(fields);
}

/** Pino runs no formatter over a child's fields, so they are made safe here. */
function wrap(inner: PinoLogger): Logger {
  return {
    trace: inner.trace.bind(inner),
    debug: inner.debug.bind(inner),
    info: inner.info.bind(inner),
    warn: inner.warn.bind(inner),
    error: inner.error.bind(inner),
    fatal: inner.fatal.bind(inner),
    child: (fields) => wrap(inner.child(redactFields(fields))),
  };
}

function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactValue(fields) as Record<string, unknown>;
}

const levelColours: Readonly<Record<string, number>> = {
  trace: 90,
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
  fatal: 31,
};

function toText(line: string, colours: boolean): string {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, err, ...fields } = parsed;
  const name = String(level);
  const shown = name.toUpperCase().padEnd(5);
  const parts = [String(time).slice(11, 23), colours ? `\u001b[${levelColours[name] ?? 0}m${shown}\u001b[0m` : shown];
  if (typeof msg === 'string') parts.push(msg);
  for (const [key, value] of Object.entries(fields)) parts.push(`${key}=${fieldText(value)}`);
  if (err !== undefined) parts.push(errorText(err));
  return `${parts.join(' ')}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value) ?? 'undefined';
}

function errorText(error: unknown): string {
  const { message, stack } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  if (typeof stack === 'string') return `\n${stack}`;
  return typeof message === 'string' ? `(${message})` : fieldText(error);
}
