import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { RejectedError } from '#kit';
import type { Kube } from '#ports';

import { type HttpKubeOptions, openHttpKube } from './http-kube.js';
import { inClusterOptions } from './in-cluster.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(
  answer: RequestListener,
  options: Partial<HttpKubeOptions> = {},
): Promise<{ kube: Kube; server: Server }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kube = openHttpKube({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/one/`,
    ...options,
  });
  closing.push(() => {
    kube.close();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { kube, server };
}

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const out: unknown[] = [];
  for await (const each of stream) out.push(each);
  return out;
}

describe('a request', () => {
  it('goes out verbatim: path, query, headers and body', async () => {
    const seen: Pick<IncomingMessage, 'url' | 'method' | 'headers'>[] = [];
    const bodies: string[] = [];
    const { kube } = await serve((request, response) => {
      seen.push(request);
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on('end', () => response.end('{}'));
    });
    await kube.request({
      method: 'PATCH',
      path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:MyRole',
      query: { fieldManager: 'a b', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      asUser: 'system:serviceaccount:shop:deployer',
      body: { metadata: { name: 'system:MyRole' }, unheard: ['of', null, 1.5] },
    });
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/clusters/one/apis/rbac.authorization.k8s.io/v1/clusterroles/system:MyRole?fieldManager=a+b&force=true',
      headers: {
        'content-type': 'application/apply-patch+yaml',
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
        'impersonate-user': 'system:serviceaccount:shop:deployer',
      },
    });
    expect(bodies.join('')).toBe('{"metadata":{"name":"system:MyRole"},"unheard":["of",null,1.5]}');
  });

  it('asks once more with what was read anew when its token is refused', async () => {
    const tokens: (string | undefined)[] = [];
    const { kube } = await serve(
      (request, response) => {
        tokens.push(request.headers.authorization);
        response.statusCode = request.headers.authorization === 'Bearer new' ? 200 : 401;
        response.end('{}');
      },
      { access: (refused) => ({ token: refused ? 'new' : 'old' }) },
    );
    expect((await kube.request({ method: 'GET', path: '/version' })).status).toBe(200);
    expect(tokens).toEqual(['Bearer old', 'Bearer new']);
  });

  it('keeps its connection, and gets over one that was closed meanwhile', async () => {
    const connections = new Set<unknown>();
    const { kube, server } = await serve((request, response) => {
      connections.add(request.socket);
      response.end('{"ok":true}');
    });
    const get = () => kube.request({ method: 'GET', path: '/version' });
    await get();
    await get();
    expect(connections.size).toBe(1);
    // As a server does that goes down between two requests: the client finds out by sending.
    let cut = false;
    server.prependListener('request', (request: IncomingMessage) => {
      if (cut) return;
      cut = true;
      request.socket.resetAndDestroy();
    });
    expect((await get()).body).toEqual({ ok: true });
    expect(connections.size).toBe(2);
  });

  it('makes a Status of what is no JSON, and reads Retry-After', async () => {
    const { kube } = await serve((_request, response) => {
      response.writeHead(503, { 'retry-after': '7' });
      response.end('no healthy upstream');
    });
    expect(await kube.request({ method: 'GET', path: '/version' })).toEqual({
      status: 503,
      retryAfterSeconds: 7,
      body: expect.objectContaining({ kind: 'Status', status: 'Failure', code: 503, message: 'no healthy upstream' }),
    });
  });

  it('takes no answer that is too large or too late, and says so', async () => {
    const { kube } = await serve(
      (request, response) => {
        if (request.url?.endsWith('/large') === true) response.end(`{"a":"${'x'.repeat(5000)}"}`);
      },
      { maxAnswerBytes: 1000, timeoutMs: 100 },
    );
    await expect(kube.request({ method: 'GET', path: '/large' })).rejects.toMatchObject({
      code: 'kube-answer-too-large',
    });
    await expect(kube.request({ method: 'GET', path: '/late' })).rejects.toMatchObject({
      code: 'kube-unreachable',
      message: expect.stringContaining('within 100 ms'),
    });
  });

  it('hands over the bytes of an answer as they are and as they come, where that is asked for', async () => {
    const { kube } = await serve((request, response) => {
      if (request.url?.endsWith('/none') === true) response.writeHead(404).end('{"kind":"Status","reason":"NotFound"}');
      else if (request.url?.endsWith('/cut') === true) {
        response.writeHead(200, { 'content-length': 10 }).write('{"a"');
        setTimeout(() => response.destroy(), 20);
      } else {
        response.write('{"b":1,  ');
        setTimeout(() => response.end('"a":"\\u003c"}'), 20);
      }
    });
    const taken: string[] = [];
    const sink = (bytes: Uint8Array): void => void taken.push(Buffer.from(bytes).toString());
    expect(await kube.request({ method: 'GET', path: '/x', sink })).toEqual({ status: 200, body: {} });
    expect(taken.splice(0).join('')).toBe('{"b":1,  "a":"\\u003c"}');
    expect(await kube.request({ method: 'GET', path: '/none', sink })).toMatchObject({
      ...{ status: 404, body: { reason: 'NotFound' } },
    });
    expect(taken).toEqual([]);
    await expect(kube.request({ method: 'GET', path: '/cut', sink })).rejects.toMatchObject({
      code: 'kube-unreachable',
    });
    const full = (): never => {
      throw new RejectedError('full', 'It is enough.');
    };
    await expect(kube.request({ method: 'GET', path: '/x', sink: full })).rejects.toMatchObject({ code: 'full' });
  });

  it('is unreachable where nobody listens, and when it is closed', async () => {
    const kube = openHttpKube({ url: 'http://127.0.0.1:1' });
    await expect(kube.request({ method: 'GET', path: '/version' })).rejects.toMatchObject({
      kind: 'retryable',
      code: 'kube-unreachable',
    });
    kube.close();
    await expect(kube.request({ method: 'GET', path: '/version' })).rejects.toMatchObject({ code: 'kube-unreachable' });
  });
});

describe('a watch', () => {
  const event = (name: string): string => `{"type":"ADDED","object":{"metadata":{"name":"${name}"}}}\n`;
  const signal = (): AbortSignal => new AbortController().signal;

  it('reads events however they are cut, and drops a last one that is not whole', async () => {
    const { kube } = await serve((request, response) => {
      expect(request.url).toBe('/clusters/one/api/v1/pods?labelSelector=a&watch=true');
      const text = Buffer.from(event('ö1') + event('two') + event('three'));
      const cuts = [3, 41, 42, 43, 60, text.length - 5];
      cuts.forEach((cut, at) => response.write(text.subarray(cuts[at - 1] ?? 0, cut)));
      response.end();
    });
    const events = await all(kube.watch({ path: '/api/v1/pods', query: { labelSelector: 'a' }, signal: signal() }));
    expect(events).toMatchObject([{ object: { metadata: { name: 'ö1' } } }, { object: { metadata: { name: 'two' } } }]);
  });

  it('lives for longer than it may take to begin', async () => {
    const { kube } = await serve(
      (_request, response) => {
        response.write(event('early'));
        setTimeout(() => response.end(event('late')), 400);
      },
      { timeoutMs: 200 },
    );
    const names = await all(kube.watch({ path: '/api/v1/pods', signal: signal() }));
    expect(names).toHaveLength(2);
  });

  it('gives up an event that never ends', async () => {
    const { kube } = await serve((_request, response) => void response.write('x'.repeat(5000)), {
      maxEventBytes: 1000,
    });
    await expect(all(kube.watch({ path: '/api/v1/pods', signal: signal() }))).rejects.toMatchObject({
      code: 'kube-line-too-long',
    });
  });

  it('tells of a connection that broke', async () => {
    const { kube } = await serve((request, response) => {
      response.write(event('one'));
      setTimeout(() => request.socket.destroy(), 20);
    });
    await expect(all(kube.watch({ path: '/api/v1/pods', signal: signal() }))).rejects.toMatchObject({
      code: 'kube-unreachable',
    });
  });

  it('does not take a place among the requests', async () => {
    const { kube } = await serve(
      (request, response) => {
        if (request.url?.includes('watch') === true) response.write(event('one'));
        else response.end('{}');
      },
      { maxSockets: 1 },
    );
    const ending = new AbortController();
    const watching = Array.from({ length: 3 }, () => all(kube.watch({ path: '/api/v1/pods', signal: ending.signal })));
    expect((await kube.request({ method: 'GET', path: '/version' })).status).toBe(200);
    ending.abort();
    expect((await Promise.all(watching)).length).toBe(3);
  });
});

describe('inside a cluster', () => {
  it('reads the service account’s files again when they rotate', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-account-'));
    closing.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'token'), 'one\n');
    await writeFile(join(folder, 'ca.crt'), 'CA');
    let now = 0;
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const { url, access } = inClusterOptions({ folder, env, now: () => now });
    if (typeof access !== 'function') throw new Error('access is read again and again');
    expect(url).toBe('https://[fd00::1]:443');
    expect(await access(false)).toEqual({ token: 'one', ca: 'CA' });
    await writeFile(join(folder, 'token'), 'two');
    expect(await access(false)).toMatchObject({ token: 'one' });
    expect(await access(true)).toMatchObject({ token: 'two' });
    await writeFile(join(folder, 'token'), 'three');
    now = 61_000;
    expect(await access(false)).toMatchObject({ token: 'three' });
    await rm(join(folder, 'token'));
    now = 200_000;
    expect(await access(false)).toMatchObject({ token: 'three' });
  });

  it('says what is missing outside one', () => {
    expect(() => inClusterOptions({ env: {} })).toThrow(/name a kubeconfig/);
    const env = { KUBERNETES_SERVICE_HOST: 'x', KUBERNETES_SERVICE_PORT: '1' };
    expect(() => inClusterOptions({ env, folder: '/nowhere' })).toThrow(/\/nowhere can't be read/);
  });
});
