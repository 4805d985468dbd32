import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '#contract';
import { EARLY_HEADERS } from './doors/security-headers.js';

/** Refusals that come before any route is known, so that no filter of the application sees them: problems like all others. */
export const earlyRefusals = { frameworkErrors, clientErrorHandler };

/** Never tells the address back: it may hold a token. */
function frameworkErrors(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const problem =
    error.statusCode === 414
      ? problemOf(414, 'address-too-long', 'A part of the address is longer than any name')
      : problemOf(400, 'bad-address', 'The address is not well formed');
  void reply
    .status(problem.status)
    .headers(EARLY_HEADERS)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem));
}

/** What is no HTTP request at all. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const problem = clientProblem(error.code);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...Object.entries(EARLY_HEADERS).map(([name, value]) => `${name}: ${value}`),
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

function clientProblem(code: string | undefined): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problemOf(408, 'too-slow', 'The request did not come whole in time');
    case 'HPE_HEADER_OVERFLOW':
      return problemOf(431, 'headers-too-large', 'The address and the headers are more than is taken');
    default:
      return problemOf(400, 'bad-request', 'This is not an HTTP request');
  }
}

function problemOf(status: number, code: string, detail: string): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: `https://flotilla.dev/problems/${code}`, title, status, code, detail };
}
