import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Effect, RolloutEvent } from '#domain';
import { createLogger } from '#kit';
import type { Store } from '#ports';
import type { HubSettings } from '../../parts.js';
import type { Stepper } from '../advance/stepper.js';
import { GateAsker } from './gate-asker.js';

type Ask = Extract<Effect, { type: 'ask' }>;

/** A hub's surroundings, as far as the asker looks at them, and a webhook that answers when the test says so. */
class Surroundings {
  readonly events: RolloutEvent[] = [];
  readonly waiting: ServerResponse[] = [];
  present = 'web-4';
  takeFails = false;
  private handler: (application: string, ask: Ask) => void = () => undefined;
  private server: Server = createServer((request, response) => {
    request.resume();
    this.waiting.push(response);
  });

  readonly asker = new GateAsker(
    {
      read: {
        rollouts: {
          header: async () => ({
            rollout: { id: this.present, release: 7, waves: [{ name: 'canary', total: 3 }] },
          }),
        },
        releases: { get: async () => ({ revision: 'f'.repeat(40) }) },
      },
    } as unknown as Store,
    { gatesAllowLocal: true } as HubSettings,
    createLogger({ level: 'silent' }),
    {
      onAsk: (handler: (application: string, ask: Ask) => void) => {
        this.handler = handler;
      },
      take: async (_application: string, event: RolloutEvent) => {
        if (this.takeFails) throw new Error('the database is away');
        this.events.push(event);
      },
    } as unknown as Stepper,
  );

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.asker.onApplicationBootstrap();
  }

  async stop(): Promise<void> {
    await this.asker.onApplicationShutdown();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  ask(name = 'ready', rollout = 'web-4'): void {
    const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}`;
    this.handler('web', {
      type: 'ask',
      rollout,
      wave: 0,
      when: 'before',
      gate: { type: 'webhook', name, url, intervalMs: 1000 },
    });
  }

  async until(isSo: () => boolean): Promise<void> {
    for (const end = performance.now() + 5000; !isSo();) {
      if (performance.now() > end) throw new Error('it did not come');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 60));

describe('the asker of gates', () => {
  let around: Surroundings;
  beforeEach(async () => {
    around = new Surroundings();
    await around.start();
  });
  afterEach(() => around.stop());

  it('hands an answer to the engine, with what it was asked for', async () => {
    around.ask();
    await around.until(() => around.waiting.length === 1);
    around.waiting[0]?.writeHead(204).end();
    await around.until(() => around.events.length === 1);
    expect(around.events[0]).toEqual({
      type: 'gateAnswer',
      rollout: 'web-4',
      wave: 0,
      when: 'before',
      gate: 'ready',
      outcome: 'success',
      message: expect.stringMatching(/answered 204$/),
    });
  });

  it('asks a gate once at a time, and others beside it', async () => {
    around.ask();
    around.ask();
    around.ask('other');
    await around.until(() => around.waiting.length === 2);
    around.ask();
    await settle();
    expect(around.waiting).toHaveLength(2);
    for (const response of around.waiting) response.writeHead(503).end();
    await around.until(() => around.events.length === 2);
    await settle();
    around.ask();
    await around.until(() => around.waiting.length === 3);
  });

  it('asks at most sixteen at once, and the others after them', async () => {
    for (let index = 0; index < 20; index += 1) around.ask(`gate-${index}`);
    await around.until(() => around.waiting.length === 16);
    await settle();
    expect(around.waiting).toHaveLength(16);
    for (const response of around.waiting) response.writeHead(200).end();
    await around.until(() => around.waiting.length === 20);
  });

  it('asks nothing for a rollout that is no longer the present one', async () => {
    around.present = 'web-5';
    around.ask();
    await settle();
    expect(around.waiting).toHaveLength(0);
  });

  it('goes on where an answer could not be stored: the gate is asked again when its time comes', async () => {
    around.takeFails = true;
    around.ask();
    await around.until(() => around.waiting.length === 1);
    around.waiting[0]?.writeHead(200).end();
    await settle();
    around.takeFails = false;
    around.ask();
    await around.until(() => around.waiting.length === 2);
    around.waiting[1]?.writeHead(200).end();
    await around.until(() => around.events.length === 1);
  });

  it('lets go of what it asks when the hub stops, and says nothing of it', async () => {
    around.ask();
    await around.until(() => around.waiting.length === 1);
    const begun = performance.now();
    await around.asker.onApplicationShutdown();
    expect(performance.now() - begun).toBeLessThan(9_000);
    expect(around.events).toEqual([]);
    around.ask('later');
    await settle();
    expect(around.waiting).toHaveLength(1);
  });
});
