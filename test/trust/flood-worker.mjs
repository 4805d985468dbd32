import { parentPort, workerData } from 'node:worker_threads';
import { connect, jwtAuthenticator } from '@nats-io/transport-node';

// An agent's connection that sends as fast as it can; a thread of its own, so that it is not slowed by those who it harms.
const { server, ca, credential, seed, inboxPrefix, subject, size, ms, names, least } = workerData;
const connection = await connect({
  servers: [server],
  tls: { handshakeFirst: true, ca },
  authenticator: jwtAuthenticator(credential, new TextEncoder().encode(seed)),
  inboxPrefix,
  reconnect: false,
});
const body = new Uint8Array(size);
const end = performance.now() + ms;
let sent = 0;
while ((performance.now() < end || sent < least) && !connection.isClosed()) {
  for (let n = 0; n < (size > 10_000 ? 16 : 250); n += 1, sent += 1) {
    connection.publish(names ? `${subject}-${sent}` : subject, body);
  }
  await connection.flush().catch(() => undefined);
}
await connection.close().catch(() => undefined);
parentPort.postMessage(sent);
