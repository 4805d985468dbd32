import { chmod, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, findProgram, natsServer } from '#kit';
import { eventually } from '#ports/contract-suites/bus-broker';
import { connectHubBus } from './connect-hub-bus.js';
import { RealBroker, silent } from './real-broker.suite.js';
import { ServerVersions } from './server-version.js';

function collect() {
  const lines: string[] = [];
  const write = (text: string) => void lines.push((JSON.parse(text) as { msg: string }).msg);
  return { lines, log: createLogger({ level: 'warn', format: 'json', output: { write } }) };
}

describe('the version of nats-server', () => {
  it.each([
    ['2.14.3', false],
    ['2.15.0', false],
    ['2.15.0-RC.1', false],
    ['3.0.0', false],
    ['2.14.2', true],
    ['2.14.3-RC.2', true],
    ['2.9.25', true],
    ['nonsense', true],
  ])('of %s is warned of: %s', (version, isWarnedOf) => {
    const { lines, log } = collect();
    new ServerVersions(log).see({ version });
    expect(lines.length > 0).toBe(isWarnedOf);
  });

  it('is warned of once for each server', () => {
    const { lines, log } = collect();
    const versions = new ServerVersions(log);
    for (const server_name of ['a', 'b', 'a', 'b']) versions.see({ server_name, version: '2.10.27' });
    versions.see(undefined);
    expect(lines).toEqual(
      Array.from(
        { length: 2 },
        () => 'nats-server 2.10.27 has known security holes: upgrade it to 2.14.3 or newer before production',
      ),
    );
  });
});

describe('a nats-server that is too old', () => {
  let broker: RealBroker;
  let front: Server;
  const sockets = new Set<TLSSocket>();
  beforeEach(async () => {
    broker = await RealBroker.open();
    const { certFile, keyFile, caPem } = broker.certificates;
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    // What the server says of itself is changed on the way.
    front = createServer({ cert, key }, (client) => {
      const server = connect({ port: broker.nats.port, host: '127.0.0.1', ca: caPem });
      for (const socket of [client, server]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => [client, server].forEach((each) => each.destroy()));
      }
      client.pipe(server);
      server.on('data', (chunk: Buffer) => {
        client.write(chunk.toString('latin1').replace(/("version":")[^"]+/, '$12.10.27'), 'latin1');
      });
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => front.close(resolve));
    await broker.close();
  });

  it('is used and warned of once where somebody else runs it, over all reconnects', async () => {
    const { lines, log } = collect();
    const { port } = front.address() as { port: number };
    const hub = await connectHubBus({
      url: `tls://127.0.0.1:${port}`,
      keys: broker.keys,
      caPem: broker.certificates.caPem,
      log,
    });
    for (const socket of sockets) socket.destroy();
    await eventually(() => !hub.connected(), 'the hub noticing');
    await eventually(() => hub.connected(), 'the hub back', 20_000);
    expect(await hub.getManifest('00000000-0000-0000-0000-000000000000')).toBeNull();
    expect(lines.filter((line) => line.includes('security holes'))).toEqual([
      'nats-server 2.10.27 has known security holes: upgrade it to 2.14.3 or newer before production',
    ]);
    await hub.close();
  }, 60_000);

  it("is refused as the hub's own", async () => {
    const old = path.join(broker.folder, 'nats-server-old');
    await writeFile(old, '#!/bin/sh\necho "nats-server: v2.10.27"\n');
    await chmod(old, 0o755);
    const found = findProgram(natsServer, { log: silent, env: { ...process.env, FLOTILLA_NATS_SERVER: old } });
    await expect(found).rejects.toThrow(/2\.10\.27: 2\.14\.3 or newer is needed/);
  });
});
