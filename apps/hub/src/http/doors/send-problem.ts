import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Problem } from '#contract';

/** Refuses at the door, as the application refuses further in. */
export function sendProblem(
  reply: FastifyReply,
  { status, code, detail }: Required<Pick<Problem, 'status' | 'code' | 'detail'>>,
): FastifyReply {
  const title = STATUS_CODES[status] ?? '';
  const problem = { type: `https://flotilla.dev/problems/${code}`, title, status, code, detail };
  return reply.status(status).header('content-type', 'application/problem+json').send(JSON.stringify(problem));
}
