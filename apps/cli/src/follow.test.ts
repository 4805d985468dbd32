import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { keepingContext } from '../../../test/helpers/run-flotilla.js';
import { follow } from './follow.js';
import { HubClient } from './hub-client.js';

/** A hub as far as following needs one: a value to read, and a bell that rings when it changes. */
class SmallHub {
  value = 1;
  reads = 0;
  status = 200;
  port = 0;
  private server: Server | null = null;
  private readonly listeners = new Set<(text: string) => void>();

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      if (request.url?.endsWith('/stream')) {
        response.setHeader('content-type', 'text/event-stream');
        response.write('event: ping\ndata: \n\n');
        const write = (text: string): void => void response.write(text);
        this.listeners.add(write);
        response.once('close', () => this.listeners.delete(write));
        return;
      }
      this.reads += 1;
      response.statusCode = this.status;
      const problem = { type: 't', title: 'T', status: this.status, code: 'c', detail: 'refused' };
      response.end(JSON.stringify(this.status === 200 ? this.value : problem));
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  change(value: number): void {
    this.value = value;
    for (const write of this.listeners) write(`event: event\nid: ${value}\ndata: {}\n\n`);
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(null)));
    this.server = null;
  }
}

describe('following', () => {
  const hub = new SmallHub();
  afterEach(() => hub.stop());

  async function followed(
    take: (value: number, stop: () => void) => Promise<void> | void,
    refreshMs: number,
  ): Promise<{ error: string; seen: number[] }> {
    const client = new HubClient({ url: `http://127.0.0.1:${hub.port}`, token: 'ft_x', ca: '', from: '--hub' });
    const { context, ran } = keepingContext();
    const controller = new AbortController();
    const seen: number[] = [];
    const read = (): Promise<number> => client.get<number>('/value');
    for await (const value of follow(client, context, read, { signal: controller.signal, refreshMs })) {
      seen.push(value);
      await take(value, () => controller.abort());
    }
    return { error: ran().error, seen };
  }

  it('reads again at an event, long before the refresh, and ends with the signal', async () => {
    await hub.start();
    const began = performance.now();
    const { seen, error } = await followed((value, stop) => {
      if (value === 1) setTimeout(() => hub.change(2), 50);
      else stop();
    }, 60_000);
    expect({ seen, error }).toEqual({ seen: [1, 2], error: '' });
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('waits for a hub that goes away, says so once, and goes on when it is back', async () => {
    hub.value = 1;
    await hub.start();
    const { seen, error } = await followed(async (value, stop) => {
      if (value !== 1) return stop();
      await hub.stop();
      setTimeout(() => {
        hub.value = 2;
        hub.start().catch(() => undefined);
      }, 1500);
    }, 100);
    expect(seen).toEqual([1, 2]);
    expect(error).toMatch(/^The hub at .* can't be reached \(.*\).* Trying again\.\nThe hub answers again\.\n$/);
  });

  it('ends with what the hub refuses', async () => {
    hub.status = 403;
    await hub.start();
    await expect(followed(() => undefined, 100)).rejects.toThrow('refused.');
    hub.status = 200;
  });
});
