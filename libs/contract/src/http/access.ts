import type { ChainedEntry, JsonObject } from '#domain';
import { z } from 'zod';
import { digestSchema, durationSchema, nameSchema } from '../primitives.js';
import { beginningSchema, instantSchema, naturalSchema, pageQuerySchema, timeSchema } from './basics.js';
import { roleSchema, scopeSchema } from './scopes.js';

export const createTokenRequestSchema = z.strictObject({
  name: nameSchema,
  email: z.email('must be an e-mail address').max(254).optional(),
  role: roleSchema,
  /** Everywhere without one. */
  scope: scopeSchema.optional(),
  /** Lives for ever without one. */
  ttl: durationSchema.optional(),
});

export const tokenViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().optional(),
    role: roleSchema,
    /** Absent: everywhere. */
    scope: scopeSchema.optional(),
    createdAt: timeSchema,
    createdBy: z.string(),
    expiresAt: timeSchema.optional(),
    lastUsedAt: timeSchema.optional(),
    revokedAt: timeSchema.optional(),
  })
  .meta({ id: 'TokenView' });

/** The token itself is shown this once. */
export const createTokenAnswerSchema = z
  .object({ token: z.string(), view: tokenViewSchema })
  .meta({ id: 'CreateTokenAnswer' });

export const whoamiSchema = z
  .object({
    actor: z.string(),
    /** The strongest of its grants. */
    role: roleSchema,
    /** What it may do, and where: each counts by itself. */
    grants: z.array(z.object({ role: roleSchema, scope: scopeSchema.optional() })),
    via: z.enum(['token', 'session']),
  })
  .meta({ id: 'Whoami' });

export const auditViewSchema = z
  .object({
    id: naturalSchema,
    at: timeSchema,
    actor: z.string(),
    act: z.string(),
    object: z.string(),
    reason: z.string().optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
    /** Hash of the entry before; zeros for the first. */
    previous: digestSchema,
    /** SHA-256 over `previous` and this entry: `flotilla audit verify` makes it anew. */
    hash: digestSchema,
  })
  .meta({ id: 'AuditView' });

export const auditQuerySchema = pageQuerySchema.extend({
  order: z.enum(['newest', 'oldest'], { error: 'must be newest or oldest' }).optional(),
  /** What begins so: `token:ann`, `rollout.`, `Application/web`. */
  actor: beginningSchema.optional(),
  act: beginningSchema.optional(),
  object: beginningSchema.optional(),
  /** From that time on. */
  from: instantSchema.optional(),
  /** Before that time. */
  to: instantSchema.optional(),
});

/** An entry as the chain hashes it. */
export const toChainedEntry = ({ at, detail, reason, ...entry }: AuditView): ChainedEntry => ({
  ...entry,
  at: Date.parse(at),
  ...(reason !== undefined && { reason }),
  ...(detail !== undefined && { detail: detail as JsonObject }),
});

/** The file in the data folder by which a CLI on the same machine finds hub and token; mode 0600. */
export const localAccessSchema = z.object({ url: z.string(), ca: z.string(), token: z.string() });

export type TokenView = z.output<typeof tokenViewSchema>;
export type CreateTokenAnswer = z.output<typeof createTokenAnswerSchema>;
export type Whoami = z.output<typeof whoamiSchema>;
export type AuditView = z.output<typeof auditViewSchema>;
export type LocalAccess = z.output<typeof localAccessSchema>;
