import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { AskError } from '#contract';
import { createLogger, RetryableError } from '#kit';
import { Discovery } from '#kube';
import { openFakeCluster } from '#kube/fake';
import { Asks, type AsksOptions } from './asks.js';
import { assignment, inspectedOf } from './inspected.suite.js';

const cluster = '6f1c1f0e-3a52-4c8e-9a3e-0d6a6f1c2b11';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');

class Desk {
  readonly answers: { readonly id: string; readonly body: { error?: AskError['error']; objects?: unknown[] } }[] = [];
  readonly log: string[] = [];
  readonly kube = openFakeCluster().kube;
  private count = 0;
  readonly asks: Asks;

  constructor(changes: Partial<AsksOptions> = {}) {
    this.asks = new Asks({
      cluster,
      keys: () => new Map([['k1', publicKey]]),
      bus: {
        fetchBundle: () => Promise.reject(new Error('no bundle')),
        publishAnswer: async (id, bytes) => {
          this.answers.push({ id, body: JSON.parse(Buffer.from(bytes).toString()) as Desk['answers'][number]['body'] });
        },
      },
      inspect: () => inspectedOf([]),
      kube: this.kube,
      discovery: new Discovery(this.kube),
      namespace: 'flotilla-system',
      reach: null,
      mark: () => '(hidden)',
      isInstant: false,
      logger: createLogger({ level: 'debug', format: 'json', output: { write: (line) => this.log.push(line) } }),
      ...changes,
    });
  }

  ask(id = (this.count += 1).toString(16).padStart(32, '0'), key = privateKey): void {
    const payload = JSON.stringify({ protocol: 1, cluster, id, ask: 'tree', application: 'shop' });
    const signature = sign(null, Buffer.from(payload), key).toString('base64url');
    this.asks.take(Buffer.from(JSON.stringify({ payload, keyId: 'k1', signature })));
  }

  async answered(count: number): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.answers.length < count) {
      if (performance.now() > deadline) throw new Error(`${this.answers.length} of ${count} answers`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // More must not come.
    await new Promise((resolve) => setTimeout(resolve, 30));
  }

  codes(): readonly string[] {
    return this.answers.map(({ body }) => body.error?.code ?? 'answered');
  }
}

describe('asks', () => {
  it('are worked on two at a time, eight wait, and the others are told that it is busy', async () => {
    let begun = 0;
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const held = {
      assignment: { ...assignment, generation: 7 },
      objects: async () => {
        begun += 1;
        await gate;
        return [];
      },
    };
    const desk = new Desk({ inspect: () => inspectedOf([], { held, trackedGeneration: 1 }) });
    for (let n = 0; n < 50; n += 1) desk.ask();
    await desk.answered(40);
    expect(desk.codes()).toEqual(Array.from({ length: 40 }, () => 'busy'));
    expect(begun).toBe(2);
    open();
    await desk.answered(50);
    expect(desk.codes().filter((code) => code === 'answered')).toHaveLength(10);
    expect(begun).toBe(10);
  });

  it('are answered once, and those that nobody signed push no id out of memory', async () => {
    const desk = new Desk();
    desk.ask('f'.repeat(32));
    await desk.answered(1);
    const other = generateKeyPairSync('ed25519').privateKey;
    for (let n = 0; n < 400; n += 1) desk.ask(undefined, other);
    desk.ask('f'.repeat(32));
    await desk.answered(1);
    expect(desk.answers).toHaveLength(1);
    // However many there are, the log stays short.
    expect(desk.log.filter((line) => line.includes('a question was ignored'))).toHaveLength(1);
  });

  it('about what is not there, or where nothing is applied, are answered with a word', async () => {
    const unknown = new Desk({ inspect: () => null });
    unknown.ask();
    await unknown.answered(1);
    expect(unknown.codes()).toEqual(['unknown-application']);
    const instant = new Desk({ isInstant: true });
    instant.ask();
    await instant.answered(1);
    expect(instant.codes()).toEqual(['nothing-applied']);
  });

  it('that fail unexpectedly are told in the log, and the next are answered', async () => {
    let isBroken = true;
    const desk = new Desk({
      inspect: () => {
        if (isBroken) throw new TypeError('x is not a function');
        return inspectedOf([]);
      },
    });
    desk.ask();
    await new Promise((resolve) => setTimeout(resolve, 50));
    isBroken = false;
    desk.ask();
    await desk.answered(2);
    expect(desk.codes()).toEqual(['agent-failed', 'answered']);
    expect(desk.log.join('')).toContain('x is not a function');
  });

  it('whose answer can not be sent disturb nobody', async () => {
    const desk = new Desk({
      bus: {
        fetchBundle: () => Promise.reject(new Error('no bundle')),
        publishAnswer: () => Promise.reject(new RetryableError('bus-disconnected', 'The bus is away.')),
      },
    });
    desk.ask();
    await desk.answered(0);
    expect(desk.log.join('')).toContain('an answer could not be sent');
    expect(desk.log.join('')).not.toContain('failed unexpectedly');
  });

  it('are let go when the agent stops', async () => {
    const desk = new Desk();
    desk.ask();
    desk.asks.close();
    desk.ask();
    await desk.answered(0);
    expect(desk.answers).toEqual([]);
  });
});
