import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  type Child,
  freePort,
  type Logger,
  RejectedError,
  requireFreePort,
  startChild,
  writeFileAtomically,
} from '#kit';
import type { Certificates } from './certificates.js';
import { natsServerConfiguration, type NatsServerSettings } from './nats-configuration.js';
import { type BusKeys, readIfThere } from './nats-keys.js';

export interface EmbeddedNatsOptions {
  /** The server's own folder, made where it is missing. */
  readonly folder: string;
  /** The nats-server's executable. */
  readonly program: string;
  readonly keys: BusKeys;
  readonly certificates: Pick<Certificates, 'caFile' | 'certFile' | 'keyFile'>;
  /** Where the pid file goes, for `stopStaleChildren` at the next start. */
  readonly pidFolder: string;
  /** Address to listen on; 127.0.0.1 unless told. */
  readonly host?: string;
  /** Host name or address in the URL; `host` unless told, or 127.0.0.1 where that is every address. Must be in the certificate. */
  readonly advertise?: string;
  /** Unless told, the port of the last start where it is free, else any free one. */
  readonly port?: number;
  /** The setting to name when `port` is taken. */
  readonly portSetting?: string;
  readonly monitor?: boolean;
  /** How long the start may take in milliseconds, reading its streams included; 30,000 unless told. */
  readonly readyWithinMs?: number;
  /** Called when it ends without having been asked to, with one sentence. */
  readonly onExit?: (why: string) => void;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
}

export interface EmbeddedNats {
  /** `tls://host:port` */
  readonly url: string;
  readonly port: number;
  readonly monitorUrl?: string;
  readonly pid: number;
  /** Reads its files again, the certificate among them; connections that are there stay. */
  reload(): void;
  /** Ends it within 2 s. */
  stop(): Promise<void>;
}

const READY = /Server is ready/;
const TAKEN = /address already in use/;
const ATTEMPTS = 3;

/**
 * Starts a nats-server of our own, configured for the hub, and resolves when it takes connections.
 * @throws RejectedError `port-unavailable`, `nats-not-started`
 */
export async function startEmbeddedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const { folder, port: wanted } = options;
  const host = options.host ?? '127.0.0.1';
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (wanted !== undefined) await requireFreePort(wanted, host, options.portSetting ?? 'the port of nats-server');
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await choosePort(folder, host, attempt));
    const monitorPort = options.monitor === true ? await freePort() : undefined;
    const file = path.join(folder, 'nats-server.conf');
    const settings: NatsServerSettings = {
      keys: options.keys,
      folder,
      host,
      port,
      tls: options.certificates,
      ...(monitorPort === undefined ? {} : { monitorPort }),
      iat: Math.floor(Date.now() / 1000),
    };
    await writeFileAtomically(file, natsServerConfiguration(settings), { mode: 0o600 });
    const started = await startServer(options, file);
    if (started.ok) {
      await writeFileAtomically(path.join(folder, 'port'), `${port}\n`);
      return {
        url: `tls://${bracketed(options.advertise ?? reachable(host))}:${port}`,
        port,
        ...(monitorPort === undefined ? {} : { monitorUrl: `http://127.0.0.1:${monitorPort}` }),
        pid: started.child.pid,
        reload: () => started.child.signal('SIGHUP'),
        stop: () => started.child.stop(),
      };
    }
    // Between choosing a free port and listening on it, another process may have taken it.
    if (wanted === undefined && attempt < ATTEMPTS && TAKEN.test(started.why)) continue;
    throw new RejectedError('nats-not-started', `nats-server did not start: ${started.why}`);
  }
}

type Started = { readonly ok: true; readonly child: Child } | { readonly ok: false; readonly why: string };

async function startServer(options: EmbeddedNatsOptions, file: string): Promise<Started> {
  const { log, program, pidFolder } = options;
  let ready = false;
  let onReady = (): void => undefined;
  const isReady = new Promise<void>((resolve) => {
    onReady = () => {
      ready = true;
      resolve();
    };
  });
  const child = await startChild({
    name: 'nats-server',
    command: program,
    args: ['--config', file],
    // Half the garbage that Go lets pile up by default: a quarter less memory with a thousand agents, for a little CPU.
    env: { PATH: process.env['PATH'] ?? '', GOGC: '50' },
    pidFolder,
    killAfterMs: 2_000,
    log,
    onLine: (line) => {
      log.debug({ child: 'nats-server' }, line);
      if (READY.test(line)) onReady();
    },
    onExit: (_exit, lines) => {
      if (ready) options.onExit?.(`nats-server ended by itself: ${reasonIn(lines)}`);
    },
  });
  const limitMs = options.readyWithinMs ?? 30_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), limitMs);
  });
  const first = await Promise.race([isReady, late, child.exited.then(() => 'exited' as const)]);
  clearTimeout(timer);
  if (first === undefined) return { ok: true, child };
  if (first === 'late') {
    await child.stop();
    return {
      ok: false,
      why: `it was not ready after ${limitMs / 1000} s; its last words: ${reasonIn(child.lastLines())}`,
    };
  }
  // Its last words may come after its exit.
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { ok: false, why: reasonIn(child.lastLines()) };
}

/** A restarted bus stays where agents look for it. */
async function choosePort(folder: string, host: string, attempt: number): Promise<number> {
  const last = Number(await readIfThere(path.join(folder, 'port')));
  if (attempt === 1 && Number.isInteger(last) && last > 0) {
    try {
      await requireFreePort(last, host, '');
      return last;
    } catch {
      // Taken meanwhile: agents of this data folder are told the new address when they join or renew.
    }
  }
  return await freePort(host);
}

/** The line that tells why, without the server's own time stamp. */
function reasonIn(lines: readonly string[]): string {
  const line = lines.findLast((each) => /\[(FTL|ERR)\]/.test(each)) ?? lines.at(-1) ?? 'it said nothing';
  return line.replace(/^\[\d+\] \S+ \S+ \[\w+\] /, '').trim();
}

/** Nobody connects to "every address", and no certificate names it. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
