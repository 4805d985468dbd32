import { z } from 'zod';
import { durationSchema } from '../primitives.js';

/** Times in the API are ISO 8601 in UTC with milliseconds. */
export const timeSchema = z.string().max(40);
/** A whole number that is not negative. */
export const naturalSchema = z.number().int().min(0);
/** Why somebody did something, for the history and the audit. */
export const reasonSchema = z.string().trim().min(1).max(500);

/** Why, where a command can't be without it. */
export const requiredReason = (what: string) =>
  z
    .string({ error: `must say why: ${what} needs a reason` })
    .trim()
    .min(1)
    .max(500);

/** A time that a person gives: ISO 8601 with its offset. */
export const instantSchema = z.iso.datetime({
  offset: true,
  error: 'must be a time such as 2030-01-31T15:00:00Z',
});

/** RFC 9457 problem details; `code` is stable, `errors` names each bad field. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

/** Why something waits: the same object everywhere. */
export const holdSchema = z
  .object({ code: z.string(), message: z.string(), since: timeSchema, clearsAt: timeSchema.optional() })
  .meta({ id: 'Hold' });

/** Filters what begins with it. */
export const beginningSchema = z.string().min(1).max(200, 'must have at most 200 characters');

export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1, 'must be 1 to 1000').max(1000, 'must be 1 to 1000').optional(),
  /** `next` of the page before. */
  after: z.string().max(512).optional(),
});

/** A page of anything: `next` is absent on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional() });

/** Of every command: `?dryRun=true` answers what it would do, and does nothing. */
export const commandQuerySchema = z.object({
  dryRun: z.enum(['true', 'false'], { error: 'must be true or false' }).optional(),
});

/** When something may begin: from each time that the cron expression names, for so long. */
export const windowViewSchema = z
  .object({
    cron: z.string(),
    duration: durationSchema,
    /** An IANA name, or `label:KEY` where each cluster's label or fact names its own. */
    timeZone: z.string(),
  })
  .meta({ id: 'WindowView' });

export type Problem = z.output<typeof problemSchema>;
export type HoldView = z.output<typeof holdSchema>;
export type WindowView = z.output<typeof windowViewSchema>;
