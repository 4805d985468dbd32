import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { type Logger, messageOf, RejectedError } from '#kit';
import { failureStatus } from '#kube/fake';

import { type AgentSwitch, ControlEndpoint } from './control-endpoint.js';
import { bearsToken, sendJson, serveKube } from './kube-endpoint.js';
import { type SimulatedFleet } from './simulated-fleet.js';

export interface SimulatorServerOptions {
  readonly fleet: SimulatedFleet;
  /** A free one unless told. */
  readonly port?: number;
  /** Lets one in at `/control`; made up unless told. */
  readonly controlToken?: string;
  readonly agents?: AgentSwitch;
  readonly logger: Logger;
}

export interface SimulatorServer {
  /** `http://127.0.0.1:PORT`: each cluster's Kubernetes API stands at `/clusters/<name>` below it. */
  readonly url: string;
  readonly controlToken: string;
  /** Ends all connections; the fleet stays the caller's to close. */
  close(): Promise<void>;
}

/**
 * Serves simulated clusters over HTTP, on the loopback address alone.
 * @throws RejectedError `simulator-port` when the port is taken.
 */
export async function startSimulatorServer(options: SimulatorServerOptions): Promise<SimulatorServer> {
  const controlToken = options.controlToken ?? randomBytes(32).toString('base64url');
  const control = new ControlEndpoint(options.fleet, options.agents);
  const { fleet, logger } = options;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const [root, ...rest] = path.split('/').filter((part) => part !== '');
    if (root === 'control') {
      if (!bearsToken(request, controlToken)) return unauthorized(response);
      return control.serve(rest, query, request, response);
    }
    const name = rest[0] ?? '';
    const simulated = root === 'clusters' ? fleet.get(name) : undefined;
    // A cluster that isn't there and a wrong token look the same from outside.
    if (simulated === undefined || !bearsToken(request, simulated.token)) return unauthorized(response);
    return serveKube(simulated.cluster, path.slice(`/clusters/${name}`.length) || '/', query, request, response);
  };

  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      logger.error(
        { why: messageOf(error, 300), path: request.url },
        'a simulated request failed; this is a fault of the simulator',
      );
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, JSON.stringify(failureStatus(500, 'the simulator failed')));
    });
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    controlToken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function unauthorized(response: ServerResponse): void {
  sendJson(response, 401, JSON.stringify(failureStatus(401, 'Unauthorized')));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new RejectedError(
          'simulator-port',
          `The simulator can't listen on 127.0.0.1:${port}: ${messageOf(error, 200)}`,
        ),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
