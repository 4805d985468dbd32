import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, findProgram, natsServer } from '#kit';
import { ensureCertificates } from './certificates.js';
import { type EmbeddedNats, startEmbeddedNats } from './embedded-nats.js';
import { ensureBusKeys } from './nats-keys.js';

const log = createLogger({ level: 'silent' });

describe('startEmbeddedNats', () => {
  let folder: string;
  const running: EmbeddedNats[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-nats-'));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  async function start(more: { port?: number; program?: string; onExit?: (why: string) => void } = {}) {
    const started = await startEmbeddedNats({
      folder: path.join(folder, 'nats'),
      program: (await findProgram(natsServer, { log })).path,
      keys: await ensureBusKeys(folder),
      certificates: await ensureCertificates(path.join(folder, 'tls'), { names: [], ips: [] }),
      pidFolder: path.join(folder, 'pids'),
      log,
      ...more,
    });
    running.push(started);
    return started;
  }

  it('starts, stops without being waited for, and comes back on the port it had', async () => {
    const first = await start();
    expect(first.url).toBe(`tls://127.0.0.1:${first.port}`);
    const before = performance.now();
    await first.stop();
    expect(performance.now() - before).toBeLessThan(8_000);
    const second = await start();
    expect(second.port).toBe(first.port);
  });

  it('takes another port where the last one was taken meanwhile, and says so in one sentence where it was asked for', async () => {
    const first = await start();
    await first.stop();
    const squatter = createServer().listen(first.port, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    try {
      const second = await start();
      expect(second.port).not.toBe(first.port);
      await expect(start({ port: first.port })).rejects.toMatchObject({ code: 'port-unavailable' });
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  it('tells why the program did not start', async () => {
    await expect(start({ program: '/bin/false' })).rejects.toMatchObject({ code: 'nats-not-started' });
    await expect(start({ program: '/nowhere/nats-server' })).rejects.toMatchObject({ code: 'child-not-started' });
  });

  it('tells when the server ends by itself', async () => {
    const why = await new Promise<string>((resolve, reject) => {
      start({ onExit: resolve }).then((nats) => process.kill(nats.pid, 'SIGKILL'), reject);
    });
    expect(why).toMatch(/^nats-server ended by itself/);
  });
});
