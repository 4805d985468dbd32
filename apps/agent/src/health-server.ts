import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, RejectedError } from '#kit';

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * `/healthz`: the process answers. `/readyz`: it has an identity and enforces what it holds; a hub that is away does not make it
 * unready, because nothing better would take its place.
 * @throws RejectedError `health-port` when the port is taken.
 */
export async function serveHealth(
  options: { readonly host: string; readonly port: number },
  isReady: () => boolean,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const status = path === '/healthz' || (path === '/readyz' && isReady()) ? 200 : path === '/readyz' ? 503 : 404;
    response.writeHead(status, { 'content-type': 'text/plain' }).end(status === 200 ? 'ok\n' : 'not ready\n');
  });
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const where = `${options.host}:${options.port}`;
      reject(
        new RejectedError('health-port', `FLOTILLA_AGENT_PORT: can't listen on ${where}: ${messageOf(error, 200)}`),
      );
    });
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
