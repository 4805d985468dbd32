import type { IncomingMessage } from 'node:http';
import { RejectedError } from '#kit';

/** Longest event, characters. */
const MAX_EVENT = 1024 * 1024;

/** Server-sent events of an answer; null for what is only a sign of life. */
export async function* readEvents<T>(response: IncomingMessage): AsyncGenerator<{ id: string; data: T } | null> {
  response.setEncoding('utf8');
  let buffer = '';
  for await (const chunk of response as AsyncIterable<string>) {
    buffer += chunk;
    if (buffer.length > MAX_EVENT) throw new RejectedError('answer-too-large', 'The hub sent an event beyond 1 MiB.');
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const block = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      yield parseEvent<T>(block);
    }
  }
}

function parseEvent<T>(block: string): { id: string; data: T } | null {
  const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
  const id = field('id');
  const data = field('data');
  if (field('event') !== 'event' || id === undefined || data === undefined) return null;
  return { id, data: JSON.parse(data) as T };
}
