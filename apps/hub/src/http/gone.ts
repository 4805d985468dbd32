import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RetryableError } from '#kit';

/** Parameter decorator: aborts when the client goes before its answer; for work that nobody else waits for. */
export const GoneParam = createParamDecorator((_data: unknown, context: ExecutionContext): AbortSignal => {
  const { raw } = context.switchToHttp().getResponse<FastifyReply>();
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort(new RetryableError('client-gone', 'The client went before its answer'));
  });
  return gone.signal;
});
