import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Child, findProgram, freePort, natsServer, startChild } from '#kit';
import type { HubBus } from '#ports';
import { bytes, eventually, pause, text } from '#ports/contract-suites/bus-broker';
import { openAgentBus } from './agent-bus.js';
import { makeAgentKey } from './agent-key.js';
import { type Certificates, ensureCertificates } from './certificates.js';
import { hubUserJwt } from './accounts.js';
import { connectHubBus } from './connect-hub-bus.js';
import { login } from './hub-login.js';
import { natsServerConfiguration } from './nats-configuration.js';
import { makeBusKeys } from './nats-keys.js';
import { silent } from './real-broker.suite.js';
import { streams } from './subjects.js';

/** Three servers of the printed configuration, as an operator would run them. */
describe('a cluster of three servers', () => {
  const keys = makeBusKeys();
  const servers: Child[] = [];
  let folder: string;
  let certificates: Certificates;
  let url: string;
  let hub: HubBus;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-cluster-'));
    certificates = await ensureCertificates(path.join(folder, 'tls'), { names: [], ips: [] });
    const program = (await findProgram(natsServer, { log: silent })).path;
    const host = '127.0.0.1';
    const ports = await Promise.all(Array.from({ length: 6 }, () => freePort()));
    const routes = ports.slice(3).map((port) => `${host}:${port}`);
    for (let n = 0; n < 3; n += 1) {
      const own = path.join(folder, `server-${n}`);
      const file = `${own}.conf`;
      const configuration = natsServerConfiguration({
        keys,
        folder: own,
        host,
        port: ports[n]!,
        serverName: `bus-${n}`,
        tls: certificates,
        cluster: { name: 'flotilla', host, port: ports[n + 3]!, routes },
        iat: Math.floor(Date.now() / 1000),
      });
      await writeFile(file, configuration);
      const pidFolder = path.join(folder, 'pids');
      const args = ['--config', file];
      servers.push(
        await startChild({ name: `nats-${n}`, command: program, args, pidFolder, log: silent, killAfterMs: 2_000 }),
      );
    }
    url = ports
      .slice(0, 3)
      .map((port) => `tls://${host}:${port}`)
      .join(',');
    // Its first election.
    hub = await connectWhenUp();
  }, 60_000);

  afterAll(async () => {
    await hub?.close();
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  async function connectWhenUp(): Promise<HubBus> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await connectHubBus({ url, keys, caPem: certificates.caPem, log: silent });
      } catch (error) {
        if (attempt === 20) throw error;
        await pause(250);
      }
    }
  }

  it('holds every stream three times', async () => {
    const credential = (publicKey: string, now: number) => hubUserJwt(keys, publicKey, now);
    const connection = await login({ url, caPem: certificates.caPem, name: 'test', credential });
    for (const name of Object.values(streams)) {
      const answer = await connection.request(`$JS.API.STREAM.INFO.${name}`);
      expect(answer.json()).toMatchObject({ config: { name, num_replicas: 3 } });
    }
    await connection.close();
  });

  it('drops the connection of a key that is revoked', async () => {
    const cluster = randomUUID();
    const { publicKey, seed } = makeAgentKey();
    const credential = await hub.mintCredential(cluster, publicKey);
    const connection = { url, cluster, seed, credential: () => credential, caPem: certificates.caPem, log: silent };
    const agent = openAgentBus(connection);
    await agent.ready;
    await untilAccepted(() => hub.revokeCredential(publicKey));
    await eventually(() => !agent.connected(), 'the end of the revoked connection', 20_000);
    await agent.close();
  }, 60_000);

  it('loses nothing that was acknowledged when a server is killed, and goes on', async () => {
    const cluster = randomUUID();
    const { publicKey, seed } = makeAgentKey();
    const credential = await hub.mintCredential(cluster, publicKey);
    const agent = openAgentBus({
      url,
      cluster,
      seed,
      credential: () => credential,
      caPem: certificates.caPem,
      log: silent,
      reconnectDelayMs: () => 100,
    });
    await agent.ready;
    const first = await hub.putManifest(cluster, bytes('one'), 0);
    await agent.publishStatus('shop', bytes('one'));
    expect(text(await agent.fetchManifest())).toBe('one');

    servers[0]!.signal('SIGKILL');
    await servers[0]!.exited;
    let second = first;
    await untilAccepted(async () => {
      second = await hub.putManifest(cluster, bytes('two'), first.revision);
    });
    // The answer to the write that won may have been lost with the server.
    if (!second.ok) expect(text(second.current)).toBe('two');
    await untilAccepted(async () => await agent.publishStatus('blog', bytes('two')));
    await eventually(() => agent.connected(), 'the agent on another server', 20_000);
    expect(text(await agent.fetchManifest())).toBe('two');
    const seen: string[] = [];
    const consumer = await hub.consumeStatus(async (batch) => {
      seen.push(...batch.map((each) => `${each.application}=${text(each.body)}`));
    });
    await eventually(() => seen.length >= 2, 'both reports', 20_000);
    expect(new Set(seen)).toEqual(new Set(['shop=one', 'blog=two']));
    await consumer.stop();
    await agent.close();
  }, 90_000);

  async function untilAccepted(act: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await act();
      } catch (error) {
        if (attempt === 60) throw error;
        await pause(250);
      }
    }
  }
});
