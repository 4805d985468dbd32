import type { EventView, LiveBatch } from '#contract';
import type { TestApi } from './test-api.js';
import { eventually } from './test-hub.js';

export interface LiveMessage {
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

/** A live stream as a browser reads it, with everything that it said. */
export class LiveStream {
  readonly messages: LiveMessage[] = [];
  /** Of those that have been put to the chain: the state of each cell, by name, as the batches leave it. */
  readonly states = new Map<string, number>();
  readonly runs = new Map<string, readonly [runs: number, told: number]>();
  hasEnded = false;
  private rest = '';
  private stop: () => void = () => undefined;
  private readonly ended: Promise<void>;

  constructor(api: TestApi, query = '', headers: Record<string, string> = {}) {
    this.ended = api
      .stream(`/api/v1/live${query}`, headers, (chunk, close) => {
        this.stop = close;
        this.take(chunk);
      })
      .finally(() => {
        this.hasEnded = true;
      });
  }

  /** Resolves once it has said something; from then on it follows. */
  static async open(api: TestApi, query = '', headers: Record<string, string> = {}): Promise<LiveStream> {
    const stream = new LiveStream(api, query, headers);
    await stream.until('the stream has begun', () => stream.messages.length > 0);
    return stream;
  }

  get batches(): readonly LiveBatch[] {
    return this.messages.filter(({ type }) => type === 'batch').map(({ data }) => JSON.parse(data) as LiveBatch);
  }

  get events(): readonly EventView[] {
    return this.batches.flatMap(({ events }) => events);
  }

  get resets(): number {
    return this.batches.filter(({ reset }) => reset).length;
  }

  get last(): string {
    return this.messages.at(-1)?.id ?? '';
  }

  async until(what: string, is: () => boolean, withinMs = 60_000): Promise<void> {
    await eventually(
      what,
      () => Promise.resolve(is() ? true : this.messages.slice(-3)),
      (held) => held === true,
      withinMs,
    );
  }

  async close(): Promise<void> {
    this.stop();
    await this.ended;
  }

  private take(chunk: string): void {
    const parts = (this.rest + chunk).split('\n\n');
    this.rest = parts.pop() ?? '';
    for (const part of parts) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? '';
      if (field('event') === '') continue;
      const message = { type: field('event'), id: field('id'), data: field('data') };
      this.messages.push(message);
      if (message.type === 'batch') this.apply(JSON.parse(message.data) as LiveBatch);
    }
  }

  private apply({ cells }: LiveBatch): void {
    for (const [index, name] of (cells?.names ?? []).entries()) {
      this.states.set(name, cells?.states[index] ?? -1);
      if (cells?.runs && cells.told) this.runs.set(name, [cells.runs[index] ?? -1, cells.told[index] ?? -1]);
    }
  }
}
