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

it('stays closed once it is closed', async () => {
  const { bus, inner } = open();
  await bus.close();
  bus.bringBack();
  expect(inner).toHaveLength(1);
});
