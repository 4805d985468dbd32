import { z } from 'zod';
import { durationSchema, nameSchema } from '../primitives.js';
import { naturalSchema, timeSchema } from './basics.js';

export const roleSchema = z.enum(['viewer', 'operator', 'approver', 'admin'], {
  error: 'must be viewer, operator, approver or admin',
});

export const createTokenRequestSchema = z.strictObject({
  name: nameSchema,
  email: z.email('must be an e-mail address').max(254).optional(),
  role: roleSchema,
  /** Lives for ever without one. */
  ttl: durationSchema.optional(),
});

export const tokenViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().optional(),
    role: roleSchema,
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

export const whoamiSchema = z.object({ actor: z.string(), role: roleSchema }).meta({ id: 'Whoami' });

export const auditViewSchema = z
  .object({
    id: naturalSchema,
    at: timeSchema,
    actor: z.string(),
    act: z.string(),
    object: z.string(),
    reason: z.string().optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'AuditView' });

/** The file in the data folder by which a CLI on the same machine finds hub and token; mode 0600. */
export const localAccessSchema = z.object({ url: z.string(), ca: z.string(), token: z.string() });

export type TokenView = z.output<typeof tokenViewSchema>;
export type CreateTokenAnswer = z.output<typeof createTokenAnswerSchema>;
export type Whoami = z.output<typeof whoamiSchema>;
export type AuditView = z.output<typeof auditViewSchema>;
export type LocalAccess = z.output<typeof localAccessSchema>;
