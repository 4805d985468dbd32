import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Problem } from '#contract';
import { FlotillaError, messageOf, type Logger } from '#kit';
import { LOGGER } from '../parts.js';

/** The one place where an error becomes an answer: RFC 9457 problem+json. What is nobody's fault but ours shows no detail. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = toProblem(error);
    // 502 to 504 are somebody else's: a database that is away, an agent that is silent or lies.
    if (problem.status === 500) {
      this.log.error(
        { err: error instanceof Error ? error : new Error(messageOf(error)) },
        'a request failed for a reason that is our own',
      );
    }
    if (problem.status === 503) void reply.header('retry-after', '2');
    void reply.status(problem.status).header('content-type', 'application/problem+json').send(JSON.stringify(problem));
  }
}

/** Pure, so that it can be tested by its table. */
export function toProblem(error: unknown): Problem {
  if (error instanceof FlotillaError) {
    const details = error.details as { status?: number; fields?: Problem['errors'] } | undefined;
    switch (error.kind) {
      case 'rejected': {
        const problem = problemOf(details?.status ?? 400, error.code, error.message);
        return details?.fields ? { ...problem, errors: details.fields } : problem;
      }
      case 'retryable':
        return problemOf(503, error.code, error.message);
      case 'bug':
        return problemOf(500, error.code, 'The hub met a state that it holds impossible; its log tells more.');
    }
  }
  const status = statusOf(error);
  if (status !== null && status < 500) {
    return problemOf(status, status === 404 ? 'no-such-route' : 'bad-request', messageOf(error, 500));
  }
  return problemOf(500, 'internal', 'The hub failed; its log tells more.');
}

function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return null;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not possible',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'Bad answer from an agent',
  503: 'Unavailable',
  504: 'No answer from an agent',
};

function problemOf(status: number, code: string, detail: string): Problem {
  return { type: `https://flotilla.dev/problems/${code}`, title: TITLES[status] ?? 'Error', status, code, detail };
}
