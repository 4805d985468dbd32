import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';

/** How a client shows who it is. All of it may change while the connection lives. */
export interface HttpKubeAccess {
  /** Bearer token. */
  readonly token?: string;
  /** PEM of the authority that the server's certificate is held to; the system's own where it is absent. */
  readonly ca?: string;
  /** PEM of the client's certificate and its key. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** The name in the server's certificate, where it is another than the address. */
  readonly serverName?: string;
  /** The kubeconfig says so, and nobody should: the server's certificate is not looked at. */
  readonly insecure?: boolean;
}

/**
 * Asked before each request; `refused` is true when the server has just answered 401 to what was given last,
 * so what is kept should be read anew.
 */
export type ReadAccess = (refused: boolean) => HttpKubeAccess | Promise<HttpKubeAccess>;

type Connections = HttpAgent | HttpsAgent;

interface Pools {
  readonly access: HttpKubeAccess;
  readonly requests: Connections;
  /** Watches have their own, unlimited: each holds its connection as long as it lives. */
  readonly watches: Connections;
}

/** Kept-alive connections, made anew when the certificates change. */
export class ConnectionPools {
  private pools: Pools | undefined;

  constructor(
    private readonly secure: boolean,
    private readonly maxSockets: number,
  ) {}

  for(access: HttpKubeAccess): Pools {
    const known = this.pools;
    if (known !== undefined && sameCertificates(known.access, access)) return known;
    // Requests under way keep their connections; the idle ones go.
    for (const idle of Object.values(known?.requests.freeSockets ?? {}))
      for (const socket of idle ?? []) socket.destroy();
    const secureContext = this.secure ? contextOf(access) : undefined;
    const agent = (maxSockets: number): Connections => this.agent(access, maxSockets, secureContext);
    this.pools = { access, requests: agent(this.maxSockets), watches: agent(Infinity) };
    return this.pools;
  }

  destroy(): void {
    this.pools?.requests.destroy();
    this.pools?.watches.destroy();
    this.pools = undefined;
  }

  private agent(access: HttpKubeAccess, maxSockets: number, secureContext?: SecureContext): Connections {
    // `fifo` would keep every socket warm; the newest ones are enough, and the rest time out.
    const common = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets, scheduling: 'lifo' as const };
    if (secureContext === undefined) return new HttpAgent(common);
    return new HttpsAgent({
      ...common,
      secureContext,
      ...(access.serverName === undefined ? {} : { servername: access.serverName }),
      ...(access.insecure === true ? { rejectUnauthorized: false } : {}),
    });
  }
}

/** One for all connections: parsed again for each of them it costs more than their handshakes, and each keeps its own memory. */
function contextOf({ ca, certificate }: HttpKubeAccess): SecureContext {
  return createSecureContext({ ...(ca !== undefined && { ca }), ...certificate, minVersion: 'TLSv1.2' });
}

function sameCertificates(a: HttpKubeAccess, b: HttpKubeAccess): boolean {
  return (
    a.ca === b.ca &&
    a.certificate?.cert === b.certificate?.cert &&
    a.certificate?.key === b.certificate?.key &&
    a.serverName === b.serverName &&
    a.insecure === b.insecure
  );
}
