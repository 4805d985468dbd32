import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Certificates, ensureCertificates } from '#bus';
import { postHub } from './post-hub.js';

const answer = {
  cluster: '6f1c1f0e-3a52-4c8e-9a3e-0d6a6f1c2b11',
  name: 'prod',
  protocol: 1,
  nats: { urls: ['tls://127.0.0.1:4222'], ca: 'pem' },
  credential: 'jwt',
  manifestKeys: {},
  heartbeatMs: 60_000,
};

describe('a call to the hub', () => {
  let folder: string;
  let certificates: Certificates;
  let server: Server;
  let respond = { status: 200, body: JSON.stringify(answer) };
  let calls = 0;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-hub-'));
    certificates = await ensureCertificates(path.join(folder, 'tls'), { names: ['localhost'], ips: ['127.0.0.1'] });
    const [cert, key] = await Promise.all([readFile(certificates.certFile), readFile(certificates.keyFile)]);
    server = createServer({ cert, key }, (request, response) => {
      calls += 1;
      request.resume();
      response.writeHead(respond.status, { 'content-type': 'application/json' }).end(respond.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  const url = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = (ca: string | undefined = certificates.caPem) =>
    postHub({ url: url(), ...(ca !== '' && { ca }) }, '/api/v1/join', { token: 'fj_x' });
  const answering = async (status: number, body: string) => {
    respond = { status, body };
    return await post().catch((error: unknown) => error);
  };

  it('is made to the hub that the pinned authority signed for, and to no other', async () => {
    expect(await post()).toEqual(answer);
    const before = calls;
    await expect(post('')).rejects.toMatchObject({ code: 'hub-unreachable' });
    const other = await ensureCertificates(path.join(folder, 'other'), { names: [], ips: ['127.0.0.1'] });
    await expect(post(other.caPem)).rejects.toMatchObject({ code: 'hub-unreachable' });
    expect(calls).toBe(before);
  });

  it("that is refused says so in the hub's own words; one that can't be answered now may be made again", async () => {
    const problem = JSON.stringify({ title: 'Gone', detail: 'The join token has expired' });
    expect(await answering(410, problem)).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('has expired'),
    });
    expect(await answering(503, '{}')).toMatchObject({ kind: 'retryable' });
    expect(await answering(429, '{}')).toMatchObject({ kind: 'retryable' });
    expect(await answering(200, '<html>')).toMatchObject({ kind: 'retryable' });
    expect(await answering(200, '{"cluster":1}')).toMatchObject({ kind: 'rejected' });
    expect(await answering(200, 'x'.repeat(2 * 1024 * 1024))).toMatchObject({ kind: 'retryable' });
  });

  it('never goes out in clear text but to this very machine', async () => {
    await expect(postHub({ url: 'http://hub.example.com' }, '/api/v1/join', {})).rejects.toMatchObject({
      code: 'hub-address',
    });
    await expect(postHub({ url: 'http://127.0.0.1:1' }, '/api/v1/join', {})).rejects.toMatchObject({
      code: 'hub-unreachable',
    });
  });
});
