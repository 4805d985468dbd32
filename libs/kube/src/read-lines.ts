import { RetryableError } from '#kit';

/**
 * The lines of a stream of bytes, without their ends; empty ones are left out.
 * @throws RetryableError `kube-line-too-long` for a line of more than `maxBytes`: what it held is lost.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<string> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10, from); end >= 0; end = chunk.indexOf(10, from)) {
      const last = chunk.subarray(from, end);
      check(size + last.length, maxBytes);
      const line = Buffer.concat([...parts, last])
        .toString('utf8')
        .trim();
      parts = [];
      size = 0;
      from = end + 1;
      if (line !== '') yield line;
    }
    if (from < chunk.length) {
      parts.push(chunk.subarray(from));
      size += chunk.length - from;
      check(size, maxBytes);
    }
  }
  // A last line without its end was cut off on the way: it is not an event.
}

function check(size: number, maxBytes: number): void {
  if (size > maxBytes) {
    throw new RetryableError('kube-line-too-long', `A watch event is larger than ${maxBytes} bytes; it was dropped.`);
  }
}
