import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/nats-core';
import { BugError, type FlotillaError, messageOf, RejectedError, RetryableError } from '#kit';
import { z } from 'zod';

/** How long the broker may take to answer, milliseconds. */
export const REQUEST_TIMEOUT_MS = 5_000;

/** How long a publish waits for a leader, milliseconds. */
const ELECTION_MS = 3_000;
const ELECTION_RETRY_MS = 100;

/** What JetStream said: stored with this sequence, or refused. */
export type PublishAnswer =
  | { readonly ok: true; readonly sequence: number }
  | { readonly ok: false; readonly errorCode: number; readonly description: string };

/** Error codes of JetStream that decide something here. */
export const errorCodes: Readonly<Record<'wrongLastSequence' | 'tooLarge', readonly number[]>> = {
  wrongLastSequence: [10071, 10164],
  tooLarge: [10054],
};

const publishAnswerSchema = z.object({
  seq: z.number().int().optional(),
  error: z.object({ err_code: z.number().int().default(0), description: z.string().default('refused') }).optional(),
});

/**
 * A request that fails with our errors only. While the connection is down it fails at once: the client would keep the message
 * and drop it silently at the reconnect.
 */
export async function request(
  connection: NatsConnection | null,
  subject: string,
  body?: Uint8Array,
  options: { readonly headers?: MsgHdrs; readonly timeoutMs?: number } = {},
): Promise<Msg> {
  if (connection === null) throw new RetryableError('bus-disconnected', 'The bus is not connected now.');
  try {
    const timeout = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    return await connection.request(subject, body, {
      timeout,
      ...(options.headers ? { headers: options.headers } : {}),
    });
  } catch (error) {
    throw busError(error);
  }
}

/** Publishes into a stream and waits until it is stored. A publish without that loses messages silently under load. */
export async function publishAcked(
  connection: NatsConnection | null,
  subject: string,
  body: Uint8Array,
  headers?: MsgHdrs,
): Promise<PublishAnswer> {
  const answer = await requestOfLeader(connection, subject, body, headers);
  let parsed: z.output<typeof publishAnswerSchema>;
  try {
    parsed = publishAnswerSchema.parse(JSON.parse(new TextDecoder().decode(answer.data)));
  } catch {
    throw new RetryableError('bus-answer', 'The bus acknowledged a message with something that is no acknowledgement.');
  }
  if (parsed.error !== undefined) {
    return { ok: false, errorCode: parsed.error.err_code, description: parsed.error.description };
  }
  if (parsed.seq === undefined)
    throw new RetryableError('bus-answer', 'The bus did not say whether it stored a message.');
  return { ok: true, sequence: parsed.seq };
}

/**
 * A stream whose leader is being elected has nobody who answers, and nobody who has seen the message: it is sent again. Longer
 * elections are the caller's to wait for.
 */
async function requestOfLeader(
  connection: NatsConnection | null,
  subject: string,
  body: Uint8Array,
  headers?: MsgHdrs,
): Promise<Msg> {
  const started = performance.now();
  for (;;) {
    try {
      return await request(connection, subject, body, headers ? { headers } : {});
    } catch (error) {
      const isElection = error instanceof RetryableError && error.code === 'bus-no-responder';
      if (!isElection || performance.now() - started > ELECTION_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, ELECTION_RETRY_MS));
    }
  }
}

/** A refused publish as an error: too large is the message's fault, everything else may pass. */
export function refusal(what: string, answer: PublishAnswer & { readonly ok: false }): FlotillaError {
  if (errorCodes.tooLarge.includes(answer.errorCode)) {
    return new RejectedError('too-large', `${what} is larger than the bus takes: ${answer.description}.`);
  }
  return new RetryableError('bus-refused', `The bus did not store ${what}: ${answer.description}.`);
}

/** Whatever the client or JetStream threw, as one of our classes. */
export function busError(error: unknown): FlotillaError {
  if (error instanceof RetryableError || error instanceof RejectedError || error instanceof BugError) return error;
  const name = error instanceof Error ? error.name : '';
  const options = { cause: error };
  switch (name) {
    case 'TimeoutError':
      return new RetryableError('bus-timeout', 'The bus did not answer in time.', undefined, options);
    case 'NoResponders':
    case 'NoRespondersError':
      return new RetryableError('bus-no-responder', 'Nobody on the bus answers this now.', undefined, options);
    case 'ClosedConnectionError':
    case 'DrainingConnectionError':
      return new RetryableError('bus-closed', 'The connection to the bus was closed.', undefined, options);
    case 'PermissionViolationError':
      return new RejectedError('bus-denied', `The bus refuses this: ${messageOf(error, 200)}.`, undefined, options);
    case 'InvalidArgumentError':
      if (!messageOf(error).includes('payload'))
        return new BugError('bus-argument', messageOf(error), undefined, options);
      return new RejectedError(
        'too-large',
        `The bus does not take this message: ${messageOf(error, 200)}.`,
        undefined,
        options,
      );
    default: {
      // A request wraps what the connection said into an error of its own.
      const inner = error instanceof Error ? error.cause : undefined;
      if (name === 'RequestError' && inner instanceof Error && inner !== error) return busError(inner);
      return new RetryableError('bus-failed', `The bus failed: ${messageOf(error, 200)}.`, undefined, options);
    }
  }
}
