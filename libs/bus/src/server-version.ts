import { type Logger, natsServer } from '#kit';

/** What a server says of itself when somebody connects. */
export interface ServerInfo {
  readonly server_name?: string;
  readonly version: string;
}

/**
 * Warns of a server of somebody else's that is too old for production, once for each; it is used all the same, since every part
 * of the design works with it. The hub's own server is never one: `findProgram` refuses it.
 */
export class ServerVersions {
  readonly #warned = new Set<string>();

  constructor(private readonly log: Pick<Logger, 'warn'>) {}

  see(info: ServerInfo | undefined): void {
    if (info === undefined || isNewEnough(info.version)) return;
    const server = `${info.server_name ?? ''} ${info.version}`;
    if (this.#warned.has(server)) return;
    this.#warned.add(server);
    const { minimum } = natsServer;
    this.log.warn(
      { server: info.server_name, version: info.version, minimum },
      `nats-server ${info.version} has known security holes: upgrade it to ${minimum} or newer before production`,
    );
  }
}

/** A pre-release is older than its release; a version that can't be read is taken for an old one. */
function isNewEnough(version: string): boolean {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-.+)?$/.exec(version);
  if (match === null) return false;
  const found = match.slice(1, 4).map(Number);
  const wanted = natsServer.minimum.split('.').map(Number);
  for (const [n, least] of wanted.entries()) {
    const part = found[n] ?? 0;
    if (part !== least) return part > least;
  }
  return match[4] === undefined;
}
