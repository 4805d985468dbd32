import type { GrantSubject, Scope } from '#domain';
import { z } from 'zod';
import { isStorable, nameSchema, selectorSchema, STORABLE } from '../primitives.js';
import { reasonSchema, timeSchema } from './basics.js';

export const roleSchema = z.enum(['viewer', 'operator', 'approver', 'admin'], {
  error: 'must be viewer, operator, approver or admin',
});

/** Both are part of every statement that somebody with such a scope asks. */
const MAX_REQUIREMENTS = 32;
const MAX_CHARACTERS = 8 * 1024;

/** A name of applications, in which `*` stands for any run of characters. */
const applicationPatternSchema = z
  .string({ error: 'must be names of applications' })
  .max(63, 'must have at most 63 characters')
  .regex(/^[-a-z0-9*]+$/, 'must be a name of applications, in which * stands for any run of characters: web or web-*');

const scopedSelectorSchema = selectorSchema.superRefine((selector, context) => {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const requirements = Object.keys(matchLabels).length + matchExpressions.length;
  const problem = (message: string): void => context.addIssue({ code: 'custom', message });
  // A variable that was empty in somebody's script would otherwise let in everywhere.
  if (requirements === 0) problem('must ask for something: leave clusters out to mean all of them');
  if (requirements > MAX_REQUIREMENTS) problem(`must have at most ${MAX_REQUIREMENTS} requirements`);
  const text = JSON.stringify(selector);
  if (text.length > MAX_CHARACTERS) problem(`must have at most ${MAX_CHARACTERS} characters`);
  const texts = [
    ...Object.entries(matchLabels).flat(),
    ...matchExpressions.flatMap(({ key, values = [] }) => [key, ...values]),
  ];
  if (!texts.every(isStorable)) problem(STORABLE);
});

/** How far a role reaches; both must hold, and what is absent has no bounds. */
export const scopeSchema = z
  .strictObject({
    /** Clusters by their labels, and by their facts with the prefix `fact.`. */
    clusters: scopedSelectorSchema.optional(),
    /** Names of applications, `*` for any run of characters. */
    applications: z
      .array(applicationPatternSchema)
      .min(1, 'must name one: leave applications out to mean all of them')
      .max(64, 'must have at most 64 names')
      .optional(),
  })
  .meta({ id: 'Scope' });

export const subjectSchema = z
  .strictObject({
    kind: z.enum(['user', 'group'], { error: 'must be user or group' }),
    /** An address or a subject, or a group's name, as the identity provider tells it. */
    value: z
      .string({ error: 'must be an address, a subject or the name of a group' })
      .min(1, 'must be an address, a subject or the name of a group')
      .max(320, 'must have at most 320 characters')
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters')
      .refine((text) => text === text.trim(), 'must not begin or end with a space'),
  })
  .meta({ id: 'GrantSubject' });

export const grantRequestSchema = z.strictObject({
  subject: subjectSchema,
  role: roleSchema,
  /** Everywhere without one. */
  scope: scopeSchema.optional(),
  reason: reasonSchema.optional(),
});

export const grantViewSchema = z
  .object({
    name: nameSchema,
    subject: subjectSchema,
    role: roleSchema,
    /** Absent: everywhere. */
    scope: scopeSchema.optional(),
    createdAt: timeSchema,
    createdBy: z.string(),
    updatedAt: timeSchema,
    updatedBy: z.string(),
  })
  .meta({ id: 'GrantView' });

export const grantAnswerSchema = z
  .object({ result: z.enum(['created', 'changed', 'unchanged']), grant: grantViewSchema })
  .meta({ id: 'GrantAnswer' });

/** The scope that a request asks for; what names everything has no bounds. */
export function toScope(asked: ScopeView | undefined): Scope {
  const { clusters = null, applications = null } = asked ?? {};
  const isAll = applications === null || applications.some((pattern) => /^\*+$/.test(pattern));
  return { clusters, applications: isAll ? null : [...new Set(applications)] };
}

/** Nothing where there are no bounds. */
export function scopeView({ clusters, applications }: Scope): ScopeView | undefined {
  if (clusters === null && applications === null) return undefined;
  return {
    ...(clusters !== null && { clusters: clusters as NonNullable<ScopeView['clusters']> }),
    ...(applications !== null && { applications: [...applications] }),
  };
}

/** Addresses are the same in any case; all else is as the identity provider writes it. */
export function toSubject({ kind, value }: GrantSubject): GrantSubject {
  return { kind, value: kind === 'user' && value.includes('@') ? value.toLowerCase() : value };
}

export type ScopeView = z.output<typeof scopeSchema>;
export type GrantRequest = z.output<typeof grantRequestSchema>;
export type GrantView = z.output<typeof grantViewSchema>;
export type GrantAnswer = z.output<typeof grantAnswerSchema>;
