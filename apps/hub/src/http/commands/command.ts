import { applyDecorators, createParamDecorator, HttpCode, type ExecutionContext } from '@nestjs/common';
import { ApiHeader, ApiQuery } from '@nestjs/swagger';
import type { z } from 'zod';
import { commandQuerySchema } from '#contract';
import { canonicalJson, sha256 } from '#domain';
import { RejectedError } from '#kit';
import type { Role } from '#domain';
import { Permit, type Caller, type PermitTarget, type RequestWithCaller } from '../access/permit.js';
import { Answers } from '../answers.js';

/** A person's command, whatever it is about: who gives it, and how it is to be carried out. */
export interface CommandRequest {
  readonly caller: Caller;
  /** Idempotency-Key: one key is carried out once. */
  readonly key?: string;
  /** SHA-256 of method, path and body: what the key was given for. Made only of a body that was checked: how deep one is lies with its sender. */
  readonly request: () => string;
  /** Everything is done, answered, and undone. */
  readonly dryRun: boolean;
}

/** Printable and without white space, so that parts of a command can be told apart behind one. */
const KEY = /^[\x21-\x7e]{1,128}$/;

/** A route that is a command: who may give it, about what, what it answers, and what every command takes. */
export function Command(role: Role, target: PermitTarget, answer: z.ZodType): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    Permit(role, target),
    Answers(answer),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'At most 128 printable characters without spaces, kept for 24 hours per token: the same request with the same key is carried out once and answered the same; another request with it is refused (422, idempotency-key-reused). What was refused may be sent again.',
      schema: { type: 'string', minLength: 1, maxLength: 128 },
    }),
    ApiQuery({
      name: 'dryRun',
      required: false,
      description: 'true: answers what the command would do, and does nothing.',
      schema: { type: 'string', enum: ['true', 'false'] },
    }),
  );
}

/** Parameter decorator of a command's route. */
export const CommandParam = createParamDecorator((_data: unknown, context: ExecutionContext): CommandRequest =>
  readCommand(context.switchToHttp().getRequest<RequestWithCaller>()),
);

/** @throws RejectedError `invalid`. */
export function readCommand({
  caller,
  headers,
  method,
  url,
  query,
  body,
}: Pick<RequestWithCaller, 'caller' | 'headers' | 'method' | 'url' | 'query' | 'body'>): CommandRequest {
  if (!caller) throw new Error('a public route has no caller');
  const { dryRun } = commandQuerySchema.safeParse(query).data ?? bad('dryRun', 'must be true or false');
  const key = headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !KEY.test(key))) {
    bad('Idempotency-Key', 'must be at most 128 printable characters without spaces');
  }
  const path = url.split('?', 1)[0] ?? '';
  return {
    caller,
    ...(typeof key === 'string' && { key }),
    request: () => sha256(`${method} ${path}\n${canonicalJson(body ?? {})}`),
    dryRun: dryRun === 'true',
  };
}

function bad(path: string, message: string): never {
  throw new RejectedError('invalid', `${path}: ${message}`, { status: 400, fields: [{ path, message }] });
}
