import { createServer } from 'node:net';
import { RejectedError, RetryableError } from './errors.js';

/** Tries to listen; answers the port that it got, or the system's error code. */
function tryPort(port: number, host: string): Promise<number | string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const got = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(got));
    });
  });
}

/** A TCP port that nobody listens on now. Another process may take it before you do, so be ready to ask again. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const got = await tryPort(0, host);
  if (typeof got === 'number') return got;
  throw new RetryableError('no-free-port', `No TCP port of ${host} could be opened (${got}).`);
}

/** Refuses, in one sentence that names the setting, a port that cannot be listened on. */
export async function requireFreePort(port: number, host: string, setting: string): Promise<void> {
  const got = await tryPort(port, host);
  if (typeof got === 'number') return;
  const why =
    got === 'EADDRINUSE'
      ? 'is taken by another process'
      : got === 'EACCES'
        ? 'may not be opened by this user'
        : got === 'EADDRNOTAVAIL' || got === 'ENOTFOUND'
          ? 'belongs to an address that this machine does not have'
          : `cannot be opened (${got})`;
  throw new RejectedError('port-unavailable', `Port ${port} of ${host} ${why}: set ${setting} to another one.`, {
    port,
    host,
    setting,
  });
}
