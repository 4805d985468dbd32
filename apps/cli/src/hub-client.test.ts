import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RejectedError, RetryableError } from '#kit';
import { HubClient } from './hub-client.js';

const servers: Server[] = [];
const clients: HubClient[] = [];

async function serve(listener: RequestListener): Promise<HubClient> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function clientOf(url: string, token = 'ft_test'): HubClient {
  const client = new HubClient({ url, token, ca: '', from: 'FLOTILLA_HUB' });
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('nothing failed')),
    (error: Error) => error,
  );

describe("the hub's client", () => {
  it('sends its token and reads a list page by page, no more than asked for', async () => {
    const seen: string[] = [];
    const client = await serve((request, response) => {
      seen.push(`${request.headers.authorization} ${request.url}`);
      const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after') ?? 0);
      response.end(JSON.stringify({ items: [after, after + 1], ...(after < 4 && { next: String(after + 2) }) }));
    });
    expect(await client.all('/api/v1/things', { a: 'x y', none: undefined })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await client.all('/api/v1/things', {}, 3)).toEqual([0, 1, 2]);
    expect(seen[0]).toBe('Bearer ft_test /api/v1/things?limit=500&a=x+y');
    expect(seen).toHaveLength(5);
  });

  it("tells a problem in the hub's words, each bad field on its own", async () => {
    const client = await serve((_request, response) => {
      const problem = { type: 't', title: 'Bad', status: 400, code: 'invalid', detail: 'a: b' };
      response.statusCode = 400;
      response.end(JSON.stringify({ ...problem, errors: [{ path: 'documents[0].spec.x', message: 'unknown field' }] }));
    });
    const error = await failure(client.post('/api/v1/apply', { documents: [] }));
    expect(error).toBeInstanceOf(RejectedError);
    expect((error as RejectedError).details).toEqual({
      status: 400,
      fields: [{ path: 'documents[0].spec.x', message: 'unknown field' }],
    });
  });

  it.each([
    ["a page that is not the hub's", 404, '<html>nginx</html>', RejectedError, /status 404.*not a hub's/],
    ['a proxy that has no hub behind it', 502, 'Bad gateway', RetryableError, /not there \(status 502\)/],
    ['a redirect', 302, '', RejectedError, /status 302/],
    ['text where JSON should be', 200, 'hello', RejectedError, /not a hub's/],
    [
      'a hub that starts',
      503,
      '{"type":"t","title":"U","status":503,"code":"starting","detail":"The hub is still starting"}',
      RetryableError,
      /^The hub is still starting\.$/,
    ],
  ])('understands %s', async (_what, status, body, kind, message) => {
    const client = await serve((_request, response) => {
      response.statusCode = status;
      response.end(body);
    });
    const error = await failure(client.get('/api/v1/fleet'));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(message);
  });

  it('says address, reason and what to try of a hub that is not there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await failure(clientOf(`http://127.0.0.1:${port}`).get('/api/v1/fleet'));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error.message).toMatch(`http://127.0.0.1:${port} can't be reached (nobody listens there): is it running`);
    expect(error.message).toContain('FLOTILLA_HUB');
  });

  it('says so when it speaks TLS to what does not', async () => {
    const plain = await serve((_request, response) => response.end());
    const error = await failure(clientOf(plain.url.replace('http:', 'https:')).get('/api/v1/fleet'));
    expect(error.message).toMatch(/can't be reached \((it does not speak TLS there|the connection was cut)\)/);
  });

  it('refuses addresses and tokens that are none, without showing the token', () => {
    expect(() => clientOf('hub.example:8443')).toThrow(/no hub's address/);
    expect(() => clientOf('ftp://hub.example')).toThrow(/no hub's address/);
    const withNewline = (): unknown => clientOf('http://hub.example', 'ft_secret\n');
    expect(withNewline).toThrow(/characters that no token has/);
    expect(withNewline).not.toThrow(/ft_secret/);
  });

  it('asks once more when the hub has closed a kept connection, but only for what it reads', async () => {
    let port = 0;
    const client = await serve((_request, response) => response.end('{}'));
    port = Number(new URL(client.url).port);
    await client.get('/api/v1/fleet');
    servers[0]?.closeAllConnections();
    await expect(client.get('/api/v1/fleet')).resolves.toEqual({});
    const probe = connect(port, '127.0.0.1');
    probe.destroy();
  });

  it('reads events over the pieces in which they come, and ends with the signal', async () => {
    const event = (id: number): string => `event: event\nid: ${id}\ndata: {"id":${id}}\n\n`;
    const whole = `event: ping\ndata: \n\n${event(7)}${event(8)}`;
    const client = await serve((request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.write(whole.slice(0, 40));
      setTimeout(() => response.write(whole.slice(40)), 10);
      expect(request.headers['last-event-id']).toBe('6');
    });
    const controller = new AbortController();
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const each of client.events('6', controller.signal)) {
        seen.push(each);
        if (seen.length === 3) controller.abort();
      }
    })();
    await expect(reading).rejects.toThrow();
    expect(seen).toEqual([null, { id: '7', data: { id: 7 } }, { id: '8', data: { id: 8 } }]);
  });
});
