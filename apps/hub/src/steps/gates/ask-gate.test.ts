import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { GateSpec } from '#domain';
import { askGate, type AskTerms, type GateQuestion } from './ask-gate.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of the gate's user, which answers what the test has it answer. */
let server: Server;
let base = '';
let answer: Answer;
let asked: { method: string; url: string; body: string; type: string }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, url, body: Buffer.concat(parts).toString(), type: headers['content-type'] ?? '' });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked = [];
});

const question: GateQuestion = {
  application: 'web',
  rollout: 'web-4',
  release: 7,
  revision: 'f'.repeat(40),
  wave: 'canary',
  when: 'after',
  gate: 'ready',
  clusters: 3,
};
const terms: AskTerms = { allowLocal: true, signal: new AbortController().signal, timeoutMs: 5_000 };
/** For what is not to be waited for. */
const brief: AskTerms = { ...terms, timeoutMs: 300 };
const webhook = (url = `${base}/may?job=1`): GateSpec => ({ type: 'webhook', name: 'ready', url, intervalMs: 1000 });
const metric = (more: object = {}): GateSpec => ({
  type: 'metric',
  name: 'errors',
  url: base,
  query: 'sum(rate(errors[5m])) / 2',
  successCondition: 'value < 0.01',
  intervalMs: 1000,
  count: 1,
  failureLimit: 0,
  ...more,
});
const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (_request, response) => {
    response.writeHead(code, headers).end(body);
  };
const endless: Answer = (_request, response) => {
  response.writeHead(200);
  const flood = setInterval(() => response.write('x'.repeat(10)), 5);
  response.on('close', () => clearInterval(flood));
};
const sample = (value: string): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [1, value] }] } });

describe('a webhook gate', () => {
  it('is told what it is asked about, and opens at any 2xx', async () => {
    for (const code of [200, 202, 204]) {
      answer = status(code);
      expect(await askGate(webhook(), question, terms)).toEqual({
        outcome: 'success',
        message: `${new URL(base).host} answered ${code}`,
      });
    }
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/may?job=1', type: 'application/json' });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual(question);
  });

  it.each([400, 404, 409, 425, 500, 503])('does not open at %d, and has not refused either', async (code) => {
    answer = status(code, {}, 'a secret of theirs');
    const said = await askGate(webhook(), question, terms);
    expect(said).toEqual({ outcome: 'noData', message: expect.stringMatching(new RegExp(`answered ${code}$`)) });
  });

  it('follows no redirect', async () => {
    answer = status(302, { location: `${base}/elsewhere` });
    expect(await askGate(webhook(), question, terms)).toMatchObject({
      outcome: 'noData',
      message: expect.stringMatching(/answered 302$/),
    });
    expect(asked.map(({ url }) => url)).toEqual(['/may?job=1']);
  });

  it('is not waited for beyond its time, whether it says nothing or goes on for ever', async () => {
    answer = () => undefined;
    const silent = await askGate(webhook(), question, brief);
    expect(silent).toMatchObject({
      outcome: 'noData',
      message: expect.stringContaining('did not answer within 0.3 s'),
    });
    answer = (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    };
    // Its status is all that counts.
    expect(await askGate(webhook(), question, terms)).toMatchObject({ outcome: 'success' });
  });

  it('that hangs up, is not there, or has no name that resolves is no data', async () => {
    answer = (request) => request.socket.destroy();
    expect(await askGate(webhook(), question, terms)).toMatchObject({ outcome: 'noData' });
    const closed = await askGate(webhook('http://127.0.0.1:1/'), question, terms);
    expect(closed).toEqual({ outcome: 'noData', message: '127.0.0.1:1 could not be asked: ECONNREFUSED' });
    const nowhere = await askGate(webhook('http://nobody.invalid/token-in-path'), question, {
      ...terms,
      timeoutMs: 3000,
    });
    expect(nowhere.outcome).toBe('noData');
    expect(nowhere.message).not.toContain('token-in-path');
  });

  it.each(['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '0.0.0.0'])(
    'on the machine of the hub is not called unless the configuration lets it, written as %s',
    async (host) => {
      answer = status(200);
      const url = `http://${host}:${new URL(base).port}/`;
      const said = await askGate(webhook(url), question, { ...terms, allowLocal: false });
      expect(said).toEqual({ outcome: 'noData', message: expect.stringContaining('FLOTILLA_GATES_ALLOW_LOCAL') });
      expect(asked).toEqual([]);
    },
  );

  it('is never called where a cloud hands out credentials, nor by another scheme', async () => {
    const said = await askGate(webhook('http://169.254.169.254/latest'), question, terms);
    expect(said).toEqual({ outcome: 'noData', message: expect.stringContaining('credentials') });
    expect(await askGate(webhook('file:///etc/passwd'), question, terms)).toEqual({
      outcome: 'noData',
      message: 'file: is not called',
    });
  });
});

describe('a metric gate', () => {
  it("asks a Prometheus server's query API below its base address, and judges the number", async () => {
    answer = status(200, {}, sample('0.004'));
    expect(await askGate(metric({ url: `${base}/prometheus/` }), question, terms)).toEqual({
      outcome: 'success',
      message: '0.004 meets value < 0.01',
    });
    const url = new URL(asked[0]?.url ?? '', base);
    expect(asked[0]?.method).toBe('GET');
    expect(url.pathname).toBe('/prometheus/api/v1/query');
    expect(url.searchParams.get('query')).toBe('sum(rate(errors[5m])) / 2');
    answer = status(200, {}, sample('0.4'));
    expect(await askGate(metric(), question, terms)).toMatchObject({ outcome: 'failure' });
  });

  it.each<[string, Answer, RegExp]>([
    ['garbage', status(200, {}, 'not json'), /not that of a Prometheus query/],
    ['an outage', status(503, {}, sample('0.4')), /answered 503/],
    ['a redirect', status(307, { location: 'http://169.254.169.254/' }), /answered 307/],
    [
      'a bad query',
      status(400, {}, '{"status":"error","errorType":"bad_data","error":"parse"}'),
      /failed \(bad_data\)/,
    ],
    ['a huge answer', status(200, {}, 'x'.repeat(1024 * 1024 + 1)), /more than 1048576 bytes/],
    [
      'an answer that breaks off',
      (request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{');
        setTimeout(() => request.socket.destroy(), 20);
      },
      /could not be asked|broke off/,
    ],
    ['an endless answer', endless, /did not answer within/],
    ['huge headers', status(200, { 'x-big': 'x'.repeat(20_000) }), /could not be asked: HPE_HEADER_OVERFLOW/],
  ])('takes %s for no data', async (_what, how, message) => {
    answer = how;
    const said = await askGate(metric(), question, how === endless ? brief : terms);
    expect(said).toEqual({ outcome: 'noData', message: expect.stringMatching(message) });
  });

  it('ends at once when the hub stops', async () => {
    answer = () => undefined;
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 20);
    const begun = performance.now();
    const said = await askGate(metric(), question, { allowLocal: true, signal: stopping.signal });
    expect(said.outcome).toBe('noData');
    expect(performance.now() - begun).toBeLessThan(9_000);
  });
});
