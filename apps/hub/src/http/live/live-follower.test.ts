import { describe, expect, it } from '@jest/globals';
import type { EventView, LiveBatch } from '#contract';
import { EVERYWHERE } from '#domain';
import { CellTable } from './cell-table.js';
import { LiveFollower, MAX_EVENTS, type LiveMessage } from './live-follower.js';
import { formatLiveId, parseLiveId } from './live-id.js';

function event(id: number): EventView {
  return { id, seq: id, at: '2026-01-01T00:00:00.000Z', application: 'web', event: 'test', message: 'm' };
}

class Sink {
  readonly sent: LiveMessage[] = [];
  bytes = 0;
  hasEnded = false;
  send(message: LiveMessage): void {
    this.sent.push(message);
  }
  waiting(): number {
    return this.bytes;
  }
  end(): void {
    this.hasEnded = true;
  }
  get batches(): readonly LiveBatch[] {
    return this.sent.filter(({ type }) => type === 'batch').map(({ data }) => data as LiveBatch);
  }
}

function cell(mark: number, more: object = {}): Parameters<CellTable['take']>[0] {
  const labels = {};
  const base = { uid: 'u1', name: 'a', labels, facts: {}, state: 'joined' as const, online: true, isHeld: false };
  return { mark, clusters: [{ ...base, written: mark - 1, ...more }], applications: [] };
}

describe('who follows', () => {
  const all = [EVERYWHERE];
  const following = (sink: Sink, cells: { application: string | null } | null = null): LiveFollower =>
    new LiveFollower(sink, { event: 7, mark: 100 }, all, cells);

  it('is told at once where it stands, and then only what happens', () => {
    const sink = new Sink();
    const follower = following(sink);
    follower.begin(null, false);
    follower.flush(null, 500);
    follower.take(event(8));
    follower.take(event(9));
    follower.flush(null, 1000);
    follower.ping();
    expect(sink.sent).toEqual([
      { type: 'batch', id: '7.100', data: { events: [] } },
      { type: 'batch', id: '9.100', data: { events: [event(8), event(9)] } },
      { type: 'ping', id: '9.100', data: '' },
    ]);
  });

  it('is sent nothing while it does not read, and then everything together', () => {
    const sink = new Sink();
    const follower = following(sink, { application: null });
    const table = new CellTable();
    table.take(cell(100), 0);
    follower.begin(table, false);
    sink.bytes = 1_000_000;
    for (let id = 8; id < 108; id += 1) {
      follower.take(event(id));
      table.take(cell(100 + id, { isHeld: id % 2 === 1 }), 0);
      follower.flush(table, id);
      follower.ping();
    }
    expect(sink.sent).toHaveLength(1);
    sink.bytes = 0;
    follower.flush(table, 200);
    expect(sink.sent.at(-1)?.id).toBe('107.207');
    expect(sink.batches.at(-1)?.events).toHaveLength(100);
    expect(sink.batches.at(-1)?.cells).toEqual({ names: ['a'], states: [4] });
  });

  it('keeps no more events than a batch has: beyond it all is read again', () => {
    const sink = new Sink();
    const follower = following(sink);
    follower.begin(null, false);
    sink.bytes = 1_000_000;
    for (let id = 8; id < 8 + MAX_EVENTS + 1; id += 1) follower.take(event(id));
    follower.take(event(9999));
    sink.bytes = 0;
    follower.flush(null, 100);
    expect(sink.sent.at(-1)).toEqual({ type: 'batch', id: '9999.100', data: { events: [], reset: true } });
    follower.take(event(10_000));
    follower.flush(null, 200);
    expect(sink.batches.at(-1)).toEqual({ events: [event(10_000)] });
  });

  it('is let go after a minute in which it read nothing', () => {
    const sink = new Sink();
    const follower = following(sink);
    follower.begin(null, false);
    sink.bytes = 1_000_000;
    follower.flush(null, 1000);
    follower.flush(null, 60_000);
    expect(sink.hasEnded).toBe(false);
    follower.flush(null, 62_000);
    expect(sink.hasEnded).toBe(true);
  });

  it('reads everything again where its scopes have changed, or the table was made anew', () => {
    const sink = new Sink();
    const follower = following(sink, { application: null });
    const table = new CellTable();
    table.take(cell(100), 0);
    follower.begin(table, false);
    follower.rescope([EVERYWHERE]);
    follower.flush(table, 100);
    expect(sink.batches).toHaveLength(1);
    follower.rescope([{ clusters: null, applications: ['web'] }]);
    follower.flush(table, 200);
    expect(sink.batches.at(-1)).toEqual({ events: [], reset: true });
    const other = new CellTable();
    other.take(cell(50), 0);
    follower.flush(other, 300);
    expect(sink.batches).toHaveLength(3);
    expect(sink.batches.at(-1)).toEqual({ events: [], reset: true });
    expect(sink.sent.at(-1)?.id).toBe('7.50');
  });
});

it('an id is what a hub gave, or nothing', () => {
  expect(parseLiveId(formatLiveId({ event: 12, mark: 34 }))).toEqual({ event: 12, mark: 34 });
  for (const text of ['', '1', '1.', '.1', '1.2.3', 'a.b', '-1.2', '1e3.2', '1.2 ', '1234567890123456.1']) {
    expect(parseLiveId(text)).toBeNull();
  }
});
