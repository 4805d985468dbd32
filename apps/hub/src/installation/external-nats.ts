import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureCertificates, natsServerConfiguration, openBusKeys } from '#bus';
import { lockDataFolder, messageOf, RejectedError } from '#kit';
import type { HubConfig } from '../hub.config.js';
import { hostsOf, kindsOf } from './hub-hosts.js';
import { busKeysOf } from './bus-keys.js';

const CLIENT_PORT = 4222;
/** A server's port for the other servers is so many above the one for clients: 6222 for 4222. */
const ROUTE_OFFSET = 2_000;

/** The part of `--help` for what follows `--nats-configuration`. */
export const natsConfigurationHelp = `After --nats-configuration:
  --servers HOST[:PORT],…   one or three, by the names at which hubs and agents reach them (port 4222 unless told; for each other 2,000 above)
  --server NAME             prints that one of the three alone: flotilla-1, flotilla-2 or flotilla-3
  --listen ADDRESS          address that each listens on (default: 0.0.0.0, every one)
  --folder DIR              where each keeps its streams and accounts (default: /var/lib/flotilla-nats)
  --tls-folder DIR          where each finds server.pem, server-key.pem and ca.pem (default: tls in the data folder)`;

export interface NatsConfigurationOptions {
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** The one to print; all unless told. */
  readonly server?: string;
  readonly listen: string;
  readonly folder: string;
  readonly tlsFolder?: string;
}

/**
 * What follows `--nats-configuration` on the command line.
 * @throws RejectedError `bad-argument`
 */
export function readNatsConfigurationArguments(args: readonly string[]): NatsConfigurationOptions {
  const text = { type: 'string' } as const;
  const options = { servers: text, server: text, listen: text, folder: text, 'tls-folder': text };
  let values: { [name in keyof typeof options]?: string };
  try {
    ({ values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new RejectedError('bad-argument', `${messageOf(error, 200)} See --help.`);
  }
  const servers = values.servers?.split(',').map(readServer) ?? [];
  if (servers.length !== 0 && servers.length !== 1 && servers.length !== 3) {
    throw new RejectedError(
      'bad-argument',
      `--servers names ${servers.length} servers: give one, or three, of which one may be lost.`,
    );
  }
  const names = servers.map((_, index) => nameOf(index));
  if (values.server !== undefined && !names.includes(values.server)) {
    throw new RejectedError('bad-argument', `--server must be one of ${names.join(', ') || 'those of --servers'}.`);
  }
  return {
    servers,
    ...(values.server !== undefined && { server: values.server }),
    listen: values.listen ?? '0.0.0.0',
    folder: values.folder ?? '/var/lib/flotilla-nats',
    ...(values['tls-folder'] !== undefined && { tlsFolder: values['tls-folder'] }),
  };
}

/**
 * The configuration of one nats-server or of three that somebody else runs for this hub (NATS_URL): their operator and system
 * account are the hub's, so they believe the accounts that the hub hands in. Makes keys and certificates where they are missing.
 * @throws RejectedError for a data folder that can't be used.
 */
export async function externalNatsConfiguration(config: HubConfig, options: NatsConfigurationOptions): Promise<string> {
  const data = await lockDataFolder(config.dataFolder, 'FLOTILLA_DATA');
  try {
    const keys = await openBusKeys(busKeysOf(config, path.join(data.folder, 'keys')));
    const hosts = hostsOf(config);
    const more = kindsOf(options.servers.map(({ host }) => host));
    const tls = await ensureCertificates(path.join(data.folder, 'tls'), {
      names: [...hosts.names, ...more.names],
      ips: [...hosts.ips, ...more.ips],
    });
    const at = (file: string): string =>
      options.tlsFolder === undefined ? path.resolve(file) : path.posix.join(options.tlsFolder, path.basename(file));
    const files = { certFile: at(tls.certFile), keyFile: at(tls.keyFile), caFile: at(tls.caFile) };
    const iat = Math.floor(Date.now() / 1000);
    const { servers, listen } = options;
    const isCluster = servers.length > 1;
    const texts = (isCluster ? servers : [servers[0] ?? { host: '', port: CLIENT_PORT }]).map(({ port }, index) => {
      const name = isCluster ? nameOf(index) : 'flotilla';
      const configuration = natsServerConfiguration({
        keys,
        folder: isCluster ? `${options.folder}/${name}` : options.folder,
        host: listen,
        port,
        serverName: name,
        tls: files,
        ...(isCluster && {
          cluster: {
            name: 'flotilla',
            host: listen,
            port: port + ROUTE_OFFSET,
            routes: servers.map((each) => `${bracketed(each.host)}:${each.port + ROUTE_OFFSET}`),
          },
        }),
        iat,
      });
      return {
        name,
        text: `${introduction(index, options, path.dirname(path.resolve(tls.certFile)))}${configuration}`,
      };
    });
    const { server } = options;
    return texts
      .filter(({ name }) => server === undefined || name === server)
      .map(({ text }) => text)
      .join('\n');
  } finally {
    await data.release();
  }
}

/** What the reader has to do with it, as comments. */
function introduction(index: number, { servers, tlsFolder }: NatsConfigurationOptions, tls: string): string {
  const files = 'server.pem, server-key.pem and ca.pem';
  const copy = `Copy ${files} from ${tls} of the hub's machine${tlsFolder === undefined ? ', to paths as below' : ` to ${tlsFolder}`}; the key for its user alone (0600).`;
  const start = 'For nats-server 2.14.3 or newer: `nats-server --config FILE`. There is no secret in this file.';
  if (servers.length < 2) return comments([start, copy]);
  const { host, port } = servers[index]!;
  const urls = servers.map((each) => `tls://${bracketed(each.host)}:${each.port}`).join(',');
  return comments([
    `======== ${nameOf(index)} of 3: ${host} ========`,
    start,
    copy,
    `Hubs and agents reach it at port ${port}, the other two at ${port + ROUTE_OFFSET}.`,
    `The hub's setting: NATS_URL=${urls}`,
  ]);
}

function comments(lines: readonly string[]): string {
  return lines.map((line) => `# ${line}\n`).join('');
}

function nameOf(index: number): string {
  return `flotilla-${index + 1}`;
}

function readServer(text: string): { host: string; port: number } {
  const [, host = '', ownPort] = /^(\[[\da-f:.]+\]|[\da-z.-]{1,253})(?::(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  const port = ownPort === undefined ? CLIENT_PORT : Number(ownPort);
  if (host === '' || port < 1 || port + ROUTE_OFFSET > 65_535) {
    throw new RejectedError(
      'bad-argument',
      `--servers: ${JSON.stringify(text.slice(0, 100))} is no HOST or HOST:PORT with a port up to ${65_535 - ROUTE_OFFSET}.`,
    );
  }
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
