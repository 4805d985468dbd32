import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { MAX_ANSWER_BYTES, MAX_ANSWER_PARTS } from '#contract';
import { AnswerParts, cutAnswer } from './answer-parts.js';
import { CHUNK_BYTES } from './subjects.js';

const whole = gzipSync('{"objects":[]}');
const invalid = { kind: 'rejected', code: 'answer-invalid' };

/** What `act` throws. */
function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return null;
}

describe('the parts of an answer', () => {
  it('are joined in whatever order they come', async () => {
    const parts = new AnswerParts();
    expect(parts.add('2', '3', whole.subarray(20))).toBe(false);
    expect(parts.add('0', '3', whole.subarray(0, 10))).toBe(false);
    expect(parts.add('1', '3', whole.subarray(10, 20))).toBe(true);
    expect(Buffer.from(await parts.join()).toString()).toBe('{"objects":[]}');
  });

  it('come to what was cut', async () => {
    const body = Buffer.from('x'.repeat(1_000_000));
    const cut = await cutAnswer(body);
    const parts = new AnswerParts();
    cut.forEach((part, n) => parts.add(String(n), String(cut.length), part));
    expect(Buffer.from(await parts.join()).equals(body)).toBe(true);
  });

  it.each([
    ['no headers', undefined, undefined],
    ['no number', undefined, '1'],
    ['no count', '0', undefined],
    ['a number that is none', 'one', '1'],
    ['a negative number', '-1', '1'],
    ['a fraction', '0.5', '1'],
    ['an exponent', '0', '1e1'],
    ['a number with a zero before it', '00', '1'],
    ['no parts at all', '0', '0'],
    ['a number past the count', '1', '1'],
    ['a part too many', '0', String(MAX_ANSWER_PARTS + 1)],
    ['a count beyond all numbers', '0', '9'.repeat(400)],
  ])('are refused that have %s', (_name, part, parts) => {
    expect(thrownBy(() => new AnswerParts().add(part, parts, whole))).toMatchObject(invalid);
  });

  it('are refused when one comes twice, or the count changes', () => {
    const parts = new AnswerParts();
    parts.add('0', '2', whole);
    expect(thrownBy(() => parts.add('0', '2', whole))).toMatchObject(invalid);
    expect(thrownBy(() => parts.add('1', '3', whole))).toMatchObject(invalid);
  });

  it('are refused when one is larger than a part may be', () => {
    expect(thrownBy(() => new AnswerParts().add('0', '1', new Uint8Array(CHUNK_BYTES + 1)))).toMatchObject(invalid);
  });

  it.each([
    ['is no gzip', Buffer.from('{"objects":[]}')],
    ['ends too early', whole.subarray(0, whole.length - 4)],
    ['is empty', Buffer.alloc(0)],
  ])('are refused whose whole %s', async (_name, body) => {
    const parts = new AnswerParts();
    parts.add('0', '1', body);
    await expect(parts.join()).rejects.toMatchObject(invalid);
  });

  it('are inflated to no more than an answer may have, and the error quotes none of it', async () => {
    const bomb = gzipSync(Buffer.alloc(12 * MAX_ANSWER_BYTES, 'secret'), { level: 9 });
    const parts = new AnswerParts();
    const count = Math.ceil(bomb.length / CHUNK_BYTES);
    for (let n = 0; n < count; n += 1) {
      parts.add(String(n), String(count), bomb.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES));
    }
    const before = process.memoryUsage.rss();
    const refused = await parts.join().catch((error: unknown) => error);
    expect(refused).toMatchObject(invalid);
    expect(String(refused)).not.toContain('secret');
    expect(process.memoryUsage.rss() - before).toBeLessThan(8 * MAX_ANSWER_BYTES);
  });
});
