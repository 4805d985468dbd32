import { expect, it } from '@jest/globals';

import type { OpenedBus } from '../../agent/src/agent-options.js';

import { SwitchableBus } from './switchable-bus.js';

class ScriptedBus implements OpenedBus {
  readonly ready: Promise<void>;
  connect: () => void = () => undefined;
  nudge: () => void = () => undefined;
  isClosed = false;
  readonly heartbeats: Uint8Array[] = [];

  constructor() {
    this.ready = new Promise((resolve) => (this.connect = resolve));
  }
  async fetchManifest(): Promise<Uint8Array> {
    return new Uint8Array([1]);
  }
  onNudge(handle: () => void): void {
    this.nudge = handle;
  }
  ask: (envelope: Uint8Array) => void = () => undefined;
  readonly answers: string[] = [];
  onAsk(handle: (envelope: Uint8Array) => void): void {
    this.ask = handle;
  }
  async publishAnswer(id: string): Promise<void> {
    this.answers.push(id);
  }
  async fetchBundle(): Promise<Uint8Array> {
    return new Uint8Array([2]);
  }
  async publishStatus(): Promise<void> {
    return undefined;
  }
  publishHeartbeat(body: Uint8Array): void {
    this.heartbeats.push(body);
  }
  async renewCredential(): Promise<string> {
    return 'credential';
  }
  onReconnect(): void {
    return undefined;
  }
  connected(): boolean {
    return !this.isClosed;
  }
  retryNow(): void {
    return undefined;
  }
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function open(): { bus: SwitchableBus; inner: ScriptedBus[]; told: string[] } {
  const inner: ScriptedBus[] = [];
  const bus = new SwitchableBus(() => {
    const made = new ScriptedBus();
    inner.push(made);
    return made;
  }, false);
  const told: string[] = [];
  bus.onNudge(() => told.push('nudge'));
  bus.onReconnect(() => told.push('reconnect'));
  return { bus, inner, told };
}

it('lets nothing through while it is cut off', async () => {
  const { bus, inner, told } = open();
  inner[0]?.connect();
  await bus.ready;
  expect(bus.connected()).toBe(true);
  await bus.cutOff();
  expect([bus.connected(), inner[0]?.isClosed, inner.length]).toEqual([false, true, 1]);
  await expect(bus.fetchManifest()).rejects.toMatchObject({ code: 'bus-disconnected', kind: 'retryable' });
  await expect(bus.publishStatus('shop', new Uint8Array())).rejects.toMatchObject({ code: 'bus-disconnected' });
  bus.publishHeartbeat(new Uint8Array());
  inner[0]?.nudge();
  expect([inner[0]?.heartbeats, told]).toEqual([[], []]);
});

it('tells its agent of a reconnect when it is brought back', async () => {
  const { bus, inner, told } = open();
  inner[0]?.connect();
  await bus.ready;
  await bus.cutOff();
  bus.bringBack();
  bus.bringBack();
  expect(inner).toHaveLength(2);
  inner[1]?.connect();
  await new Promise((resolve) => setImmediate(resolve));
  inner[1]?.nudge();
  expect(told).toEqual(['reconnect', 'nudge']);
  expect(await bus.fetchManifest()).toEqual(new Uint8Array([1]));
});

it('passes asks and answers through while it is not cut off', async () => {
  const { bus, inner } = open();
  const asked: Uint8Array[] = [];
  bus.onAsk((envelope) => void asked.push(envelope));
  inner[0]?.ask(new Uint8Array([1]));
  await bus.publishAnswer('one', new Uint8Array());
  await bus.cutOff();
  inner[0]?.ask(new Uint8Array([2]));
  await expect(bus.publishAnswer('two', new Uint8Array())).rejects.toMatchObject({ code: 'bus-disconnected' });
  bus.bringBack();
  inner[1]?.ask(new Uint8Array([3]));
  await bus.publishAnswer('three', new Uint8Array());
  expect([asked.map(([first]) => first), inner.map(({ answers }) => answers)]).toEqual([
    [1, 3],
    [['one'], ['three']],
  ]);
});

it('stays closed once it is closed', async () => {
  const { bus, inner } = open();
  await bus.close();
  bus.bringBack();
  expect(inner).toHaveLength(1);
});
