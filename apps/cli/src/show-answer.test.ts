import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keepingContext } from '../../../test/helpers/run-flotilla.js';
import { HubClient } from './hub-client.js';
import { showAnswer, type WatchOptions } from './show-answer.js';

/** A hub that has nothing but events, which never come: each look follows the one before by time. */
describe('an answer that is watched', () => {
  let server: Server;
  let client: HubClient;
  beforeEach(async () => {
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.write('event: ping\ndata: \n\n');
      // The bell: whoever follows looks again.
      const timer = setInterval(() => response.write('event: event\nid: 1\ndata: {}\n\n'), 20);
      response.once('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new HubClient({ url: `http://127.0.0.1:${port}`, token: 'ft_x', ca: '', from: 'test' });
  });
  afterEach(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Answers one after the other, then Ctrl-C. */
  async function watched(
    answers: readonly { readonly state: string; readonly age: string }[],
    { isTerminal = false, ...options }: Partial<WatchOptions> & { isTerminal?: boolean } = {},
  ): Promise<string> {
    const interrupted = new AbortController();
    const { context, ran } = keepingContext({ isTerminal, signal: interrupted.signal });
    let at = 0;
    const read = async (): Promise<(typeof answers)[number]> => {
      const answer = answers[Math.min(at, answers.length - 1)];
      at += 1;
      if (at > answers.length) interrupted.abort();
      if (answer === undefined) throw new Error('no answer is left');
      return answer;
    };
    const text = ({ state, age }: { state: string; age: string }): string => `${state}, seen ${age} ago\n`;
    await showAnswer(client, context, { output: 'text', watch: true, ...options }, { read, text });
    return ran().out;
  }

  it('is told again in a pipe when something about it changed, ages aside', async () => {
    const out = await watched([
      { state: 'ready', age: '59s' },
      { state: 'ready', age: '1m2s' },
      { state: 'offline', age: '4m10s' },
    ]);
    expect(out).toBe('ready, seen 59s ago\n\noffline, seen 4m10s ago\n');
  }, 30_000);

  it('is a line of JSON each time for a program', async () => {
    const out = await watched([{ state: 'ready', age: '1s' }], { output: 'json' });
    expect(out).toBe('{"state":"ready","age":"1s"}\n');
  }, 30_000);

  it('is drawn over on a terminal', async () => {
    const out = await watched([{ state: 'ready', age: '1s' }], { isTerminal: true });
    expect(out).toContain('\u001b[H');
    expect(out).toContain('ready, seen 1s ago');
    expect(out.endsWith('\u001b[?7h')).toBe(true);
  }, 30_000);

  it('is printed once where nobody watches', async () => {
    const { context, ran } = keepingContext();
    const read = async (): Promise<string> => 'x';
    expect(await showAnswer(client, context, { output: 'yaml' }, { read, text: () => '' })).toBe('x');
    expect(ran().out).toBe('x\n');
  });
});
