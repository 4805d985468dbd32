import { afterEach, describe, expect, it } from '@jest/globals';
import type { AgentReport } from '#domain';
import { createLogger, RetryableError } from '#kit';
import type { AgentBus } from '#ports';
import { Backoff } from '../../common.js';
import { ReportOutbox } from './report-outbox.js';

const report = (seq: number, application = 'a') => ({ application, seq }) as AgentReport;
const passed = () => new Promise((resolve) => setTimeout(resolve, 30));

describe('the outbox', () => {
  const state = { connected: true, failures: 0, stored: [] as string[], hold: null as Promise<void> | null, seq: 10 };
  const bus = {
    connected: () => state.connected,
    publishStatus: async (application: string, body: Uint8Array) => {
      if (state.hold !== null) await state.hold;
      if (state.failures > 0) {
        state.failures -= 1;
        throw new RetryableError('bus', 'no');
      }
      state.stored.push(`${application}${(JSON.parse(Buffer.from(body).toString()) as AgentReport).seq}`);
    },
  } as unknown as AgentBus;
  /** A busy machine may take its time; what should not come is waited for a little longer. */
  const stored = async (...wanted: string[]): Promise<void> => {
    for (const end = Date.now() + 10_000; state.stored.length < wanted.length && Date.now() < end;) await passed();
    await passed();
    expect(state.stored).toEqual(wanted);
  };
  const outbox = () =>
    new ReportOutbox({
      bus: () => bus,
      backoff: () => new Backoff(1, 5, () => 0, new AbortController().signal),
      nextSeq: () => (state.seq += 1),
      logger: createLogger({ level: 'silent' }),
    });

  afterEach(() => {
    Object.assign(state, { connected: true, failures: 0, stored: [], hold: null, seq: 10 });
  });

  it('sends the latest, and of those that waited only that', async () => {
    const box = outbox();
    let release: () => void = () => undefined;
    state.hold = new Promise((resolve) => (release = resolve));
    for (const seq of [1, 2, 3]) box.put(report(seq));
    release();
    await stored('a1', 'a3');
    box.close();
  });

  it('tries again what was not stored', async () => {
    const box = outbox();
    state.failures = 3;
    box.put(report(1));
    await stored('a1');
    box.close();
  });

  it('keeps what could not be sent, and sends all again after a reconnect', async () => {
    const box = outbox();
    state.connected = false;
    box.put(report(1));
    box.put(report(2, 'b'));
    await stored();
    state.connected = true;
    box.resendAll();
    // As news each time: the hub drops what it has heard already, and may have given us up meanwhile.
    await stored('a11', 'b12');
    box.resendAll();
    await stored('a11', 'b12', 'a13', 'b14');
    box.close();
  });
});
