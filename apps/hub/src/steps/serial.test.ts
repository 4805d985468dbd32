import { describe, expect, it } from '@jest/globals';
import { Serial, SerialByKey } from './serial.js';

const gate = (): { wait: Promise<void>; open: () => void } => {
  let open = (): void => undefined;
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait, open };
};

describe('Serial', () => {
  it('makes one more run of any number of requests during a run', async () => {
    const { wait, open } = gate();
    let runs = 0;
    const serial = new Serial(async () => {
      runs += 1;
      if (runs === 1) await wait;
    });
    for (let i = 0; i < 5; i += 1) serial.request();
    expect(runs).toBe(1);
    open();
    await serial.idle();
    expect(runs).toBe(2);
  });

  it('goes on after a run that failed', async () => {
    let runs = 0;
    const serial = new Serial(async () => {
      runs += 1;
      throw new Error('no');
    });
    serial.request();
    await serial.idle();
    serial.request();
    await serial.idle();
    expect(runs).toBe(2);
  });
});

describe('SerialByKey', () => {
  it('runs work of one key in its order, and of two keys side by side', async () => {
    const serial = new SerialByKey();
    const seen: string[] = [];
    const { wait, open } = gate();
    const first = serial.run('a', async () => {
      await wait;
      seen.push('a1');
    });
    const second = serial.run('a', async () => {
      seen.push('a2');
    });
    await serial.run('b', async () => {
      seen.push('b1');
    });
    open();
    await Promise.all([first, second]);
    expect(seen).toEqual(['b1', 'a1', 'a2']);
  });

  it('hands a failure to its own caller and to nobody after it', async () => {
    const serial = new SerialByKey();
    const failing = serial.run('a', async () => {
      throw new Error('mine');
    });
    const next = serial.run('a', async () => 'fine');
    await expect(failing).rejects.toThrow('mine');
    await expect(next).resolves.toBe('fine');
    await serial.idle();
  });
});
