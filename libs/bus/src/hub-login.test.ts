import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/nats-core';
import { findProgram, freePort, natsServer } from '#kit';
import { eventually } from '#ports/contract-suites/bus-broker';
import { systemUserJwt } from './accounts.js';
import { type Certificates, ensureCertificates } from './certificates.js';
import { type EmbeddedNats, startEmbeddedNats } from './embedded-nats.js';
import { login } from './hub-login.js';
import { makeBusKeys } from './nats-keys.js';
import { silent } from './real-broker.suite.js';

describe('login', () => {
  const keys = makeBusKeys();
  const open: { close(): Promise<void> }[] = [];
  let folder: string;
  let certificates: Certificates;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-login-'));
    certificates = await ensureCertificates(path.join(folder, 'tls'), { names: [], ips: [] });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
    await rm(folder, { recursive: true, force: true });
  });

  async function start(name: string, port: number): Promise<EmbeddedNats> {
    const program = (await findProgram(natsServer, { log: silent })).path;
    const own = path.join(folder, name);
    const server = await startEmbeddedNats({
      folder: own,
      program,
      keys,
      certificates,
      pidFolder: own,
      port,
      log: silent,
    });
    open.push({ close: () => server.stop() });
    return server;
  }

  function connect(url: string): Promise<NatsConnection> {
    const credential = (publicKey: string, now: number) => systemUserJwt(keys, publicKey, now);
    return login({ url, caPem: certificates.caPem, name: 'test', credential });
  }

  it('goes to a server that was not up at the first login once its own has died', async () => {
    const [early, late] = [await freePort(), await freePort()];
    const first = await start('early', early);
    const url = `tls://127.0.0.1:${early},tls://127.0.0.1:${late}`;
    // The client tries them in an order of its own: of several logins, one or another tries the missing server first.
    const connections = await Promise.all(Array.from({ length: 8 }, () => connect(url)));
    open.push(...connections);
    await start('late', late);
    await first.stop();
    const isThere = (connection: NatsConnection) =>
      connection.getServer() === `127.0.0.1:${late}` && connection.info !== undefined;
    await eventually(() => connections.every(isThere), 'all of them on the other server', 30_000);
    await Promise.all(connections.map((each) => each.flush()));
    expect(connections.every((each) => !each.isClosed())).toBe(true);
  }, 60_000);
});
