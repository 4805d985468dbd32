import { connect, type ConnectionOptions } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/nats-core';
import { messageOf, RetryableError } from '#kit';
import { splitUrls, tlsOptions, type TrustedCa } from './client-options.js';
import { makeNkey } from './nkey.js';

export interface Login {
  /** `tls://host:port`; several, separated by commas, for a cluster. */
  readonly url: string;
  readonly caPem: TrustedCa;
  readonly name: string;
  /** The user's JWT for a public key that this process has just made. */
  readonly credential: (publicKey: string, nowSeconds: number) => string;
  readonly inboxPrefix?: string;
}

/**
 * Connects one of the hub's own users. Once connected it is never given up: the client tries again for ever, since the hub
 * has no other bus to go to.
 * @throws RetryableError `bus-unreachable`
 */
export async function login(options: Login): Promise<NatsConnection> {
  const user = makeNkey('user');
  const servers = splitUrls(options.url);
  const settings: ConnectionOptions = {
    servers,
    name: options.name,
    tls: tlsOptions(options.caPem),
    authenticator: (nonce) => ({
      jwt: options.credential(user.publicKey, Math.floor(Date.now() / 1000)),
      sig: user.sign(Buffer.from(nonce ?? '')).toString('base64url'),
    }),
    timeout: 10_000,
    pingInterval: 10_000,
    maxReconnectAttempts: -1,
    // An account that is handed in a moment later, or a clock that is behind, must not end the hub's connection for good.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => 100 + Math.random() * 400,
    noAsyncTraces: true,
    // Servers tell every address they have, of which the certificate names few; the URL lists those that count.
    ignoreClusterUpdates: true,
    resolve: false,
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
  };
  try {
    const connection = await connect(settings);
    // A server that did not answer before the first login is dropped by the client for good: a hub that starts beside its bus
    // could be left with one server of three, and would wait for that one alone once it dies.
    connection.setServers(servers);
    return connection;
  } catch (error) {
    throw new RetryableError(
      'bus-unreachable',
      `The bus at ${options.url} can't be reached: ${messageOf(error, 300)}.`,
      undefined,
      { cause: error },
    );
  }
}
