import { operatorJwt, systemAccountJwt } from './accounts.js';
import type { BusKeys } from './nats-keys.js';

/** What the streams may take on disk together, with some room; nothing is reserved. */
const STORE_BYTES = 8 * 1024 ** 3;

/** Largest message of all, bytes: an account JWT with thousands of revocations must fit. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

export interface NatsServerSettings {
  readonly keys: BusKeys;
  /** Where this server keeps account JWTs and streams. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Unique among the servers of a cluster. */
  readonly serverName?: string;
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
  /** Listens for monitoring, on loopback only, without a credential. */
  readonly monitorPort?: number;
  readonly maxConnections?: number;
  /** For a cluster of three: this server's own listener and the other servers' routes, `host:port`. */
  readonly cluster?: {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly routes: readonly string[];
  };
  /** Seconds since the epoch, of the JWTs in it. */
  readonly iat: number;
}

/**
 * The text of a nats-server's configuration: operator mode with the account resolver that lets the hub hand in accounts. The
 * accounts HUB and AGENTS are deliberately not in it: a preload at each start would put an account without its revocations
 * over the one that the server had stored.
 */
export function natsServerConfiguration(settings: NatsServerSettings): string {
  const { keys, folder, host, port, tls, cluster, iat } = settings;
  const name = settings.serverName ?? 'flotilla';
  const tlsLines = [`cert_file: ${quote(tls.certFile)}`, `key_file: ${quote(tls.keyFile)}`];
  const lines = [
    `server_name: ${quote(name)}`,
    `host: ${quote(host)}`,
    `port: ${port}`,
    ...(settings.monitorPort === undefined ? [] : [`http: ${quote(`127.0.0.1:${settings.monitorPort}`)}`]),
    '',
    `operator: ${quote(operatorJwt(keys, iat))}`,
    `system_account: ${keys.system.publicKey}`,
    `resolver: { type: full, dir: ${quote(`${folder}/accounts`)}, allow_delete: true, interval: "10s" }`,
    `resolver_preload: { ${keys.system.publicKey}: ${quote(systemAccountJwt(keys, iat))} }`,
    '',
    // No byte in the clear, and a name check on IP addresses too, which the client skips when TLS comes second.
    ...block('tls', [...tlsLines, 'handshake_first: true', 'timeout: 30']),
    '# The default of 2 s failed two logins of three when 10,000 agents reconnected at once.',
    'authorization { timeout: 30 }',
    'ping_interval: "60s"',
    'ping_max: 2',
    `max_payload: ${MAX_PAYLOAD_BYTES}`,
    'max_control_line: 4096',
    'write_deadline: "10s"',
    `max_connections: ${settings.maxConnections ?? 65_536}`,
    'lame_duck_duration: "30s"',
    'lame_duck_grace_period: "5s"',
    '',
    ...block('jetstream', [
      `store_dir: ${quote(`${folder}/streams`)}`,
      'max_memory_store: 134217728',
      `max_file_store: ${STORE_BYTES}`,
      'sync_interval: "10s"',
    ]),
  ];
  if (cluster !== undefined) {
    const routes = cluster.routes.map((route) => quote(`nats-route://${route}`)).join(', ');
    lines.push(
      '',
      ...block('cluster', [
        `name: ${quote(cluster.name)}`,
        `listen: ${quote(`${cluster.host}:${cluster.port}`)}`,
        `routes: [${routes}]`,
        `tls { ${tlsLines.join(', ')}, ca_file: ${quote(tls.caFile)}, verify: true }`,
      ]),
    );
  }
  return `${lines.join('\n')}\n`;
}

function block(name: string, lines: readonly string[]): readonly string[] {
  return [`${name} {`, ...lines.map((line) => `  ${line}`), '}'];
}

/** JSON's escapes are the configuration language's too. */
function quote(text: string): string {
  return JSON.stringify(text);
}
