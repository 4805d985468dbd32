import { boundedExchange, type BoundedExchange } from './bounded-exchange.js';

export type BoundedRequest = Pick<
  BoundedExchange,
  'method' | 'url' | 'body' | 'maxBytes' | 'timeoutMs' | 'rules' | 'signal'
>;

export interface BoundedAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One HTTP request whose body and answer are JSON, as boundedExchange makes it.
 * @throws NoAnswer
 */
export async function boundedRequest(input: BoundedRequest): Promise<BoundedAnswer> {
  const { status, bytes } = await boundedExchange({
    ...input,
    headers: {
      accept: 'application/json',
      ...(input.body !== undefined && { 'content-type': 'application/json' }),
    },
  });
  return { status, body: bytes.toString('utf8') };
}
