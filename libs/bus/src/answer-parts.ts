import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { MAX_ANSWER_BYTES, MAX_ANSWER_PARTS } from '#contract';
import { RejectedError } from '#kit';
import { CHUNK_BYTES } from './subjects.js';

/** Of each part of an answer: its number, from 0, and how many there are. */
export const PART_HEADER = 'Flotilla-Part';
export const PARTS_HEADER = 'Flotilla-Parts';

const gzipped = promisify(gzip);
const gunzipped = promisify(gunzip);

/**
 * An answer as it travels: gzipped, in parts of at most 128 KiB.
 * @throws RejectedError `too-large` for more than MAX_ANSWER_BYTES, or more than MAX_ANSWER_PARTS once compressed
 */
export async function cutAnswer(body: Uint8Array): Promise<readonly Uint8Array[]> {
  if (body.length > MAX_ANSWER_BYTES) throw tooLarge(`${body.length} bytes, and ${MAX_ANSWER_BYTES} are the most`);
  const whole = await gzipped(body);
  const count = Math.ceil(whole.length / CHUNK_BYTES);
  if (count > MAX_ANSWER_PARTS) throw tooLarge(`${count} parts, and ${MAX_ANSWER_PARTS} are the most`);
  return Array.from({ length: count }, (_, part) => whole.subarray(part * CHUNK_BYTES, (part + 1) * CHUNK_BYTES));
}

/** Joins the parts of one answer, in whatever order they come. It trusts nothing that the agent says of them. */
export class AnswerParts {
  readonly #bodies = new Map<number, Uint8Array>();
  #count: number | undefined;

  /**
   * Takes a part with its headers as they came. True once the answer is whole.
   * @throws RejectedError `answer-invalid`
   */
  add(part: string | undefined, parts: string | undefined, body: Uint8Array): boolean {
    const count = readNumber(parts);
    const number = readNumber(part);
    if (count === null || number === null) throw invalid('a part does not say which it is');
    if (count < 1 || count > MAX_ANSWER_PARTS) throw invalid(`${count} parts, and ${MAX_ANSWER_PARTS} are the most`);
    this.#count ??= count;
    if (count !== this.#count) throw invalid(`once ${this.#count} parts and then ${count}`);
    if (number >= count) throw invalid(`part ${number} of ${count}, counted from 0`);
    if (this.#bodies.has(number)) throw invalid(`part ${number} came twice`);
    if (body.length > CHUNK_BYTES) throw invalid(`a part of ${body.length} bytes, and ${CHUNK_BYTES} are the most`);
    this.#bodies.set(number, body);
    return this.#bodies.size === count;
  }

  /**
   * The answer, uncompressed: never more than MAX_ANSWER_BYTES are, whatever the parts would inflate to.
   * @throws RejectedError `answer-invalid`
   */
  async join(): Promise<Uint8Array> {
    const bodies = [...this.#bodies].sort(([one], [other]) => one - other).map(([, body]) => body);
    try {
      return await gunzipped(Buffer.concat(bodies), { maxOutputLength: MAX_ANSWER_BYTES });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'ERR_BUFFER_TOO_LARGE') throw invalid(`more than ${MAX_ANSWER_BYTES} bytes`);
      throw invalid('it cannot be uncompressed');
    }
  }
}

function readNumber(header: string | undefined): number | null {
  return header !== undefined && /^(0|[1-9][0-9]{0,5})$/.test(header) ? Number(header) : null;
}

function invalid(what: string): RejectedError {
  return new RejectedError('answer-invalid', `The agent's answer is not one that an agent gives: ${what}.`, {
    status: 502,
  });
}

function tooLarge(what: string): RejectedError {
  return new RejectedError('too-large', `The answer is larger than the bus takes: ${what}.`);
}
