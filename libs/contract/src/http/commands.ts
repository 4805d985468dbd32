import { z } from 'zod';
import { clusterNameSchema, digestSchema, durationSchema, nameSchema } from '../primitives.js';
import { instantSchema, reasonSchema, requiredReason, timeSchema } from './basics.js';
import { rolloutViewSchema } from './rollouts.js';

const reason = reasonSchema.optional();
const clusters = z.array(clusterNameSchema).min(1).max(10_000);
/** Told beside what is wrong with other fields, not only once they are mended. */
const isObject = ({ value }: { readonly value: unknown }): boolean => typeof value === 'object' && value !== null;
const release = z.number().int().min(1).max(2_147_483_647);

/**
 * `plan`: the digest of the plan that was seen; refused (`plan-changed`) if it is another one by now. `skipDryRun`: the API
 * servers of the first wave are not asked first whether they would take it (`validation`).
 */
export const startRequestSchema = z.strictObject({
  release: release.optional(),
  plan: digestSchema.optional(),
  skipDryRun: z.boolean().default(false),
  reason,
});
/** `hard`: agents stop before their next object. */
export const pauseRequestSchema = z.strictObject({ hard: z.boolean().default(false), reason });
/** `accept`: the failed, the deferred, and what the release deletes, as they are. */
export const resumeRequestSchema = z.strictObject({ accept: z.boolean().default(false), reason });
export const retryRequestSchema = z.strictObject({ clusters: clusters.optional(), reason });
/** Gives clusters up, or a whole wave by its name. */
export const skipRequestSchema = z
  .strictObject({ clusters: clusters.optional(), wave: nameSchema.optional(), reason: requiredReason('a skip') })
  .refine((skip) => (skip.clusters === undefined) !== (skip.wave === undefined), {
    path: ['clusters'],
    error: 'name clusters or a wave: one of the two',
    when: isObject,
  });
/** `wave`: the one that waits, unless named; `plan`: as with a start. */
export const approveRequestSchema = z.strictObject({
  wave: nameSchema.optional(),
  plan: digestSchema.optional(),
  reason,
});
export const rejectRequestSchema = z.strictObject({
  wave: nameSchema.optional(),
  reason: requiredReason('a rejection'),
});
export const promoteRequestSchema = z.strictObject({ reason });
export const replanRequestSchema = z.strictObject({ reason });
export const rollbackRequestSchema = z.strictObject({
  withoutPrevious: z.enum(['keep', 'withdraw'], { error: 'must be keep or withdraw' }).optional(),
  reason,
});
export const cancelRequestSchema = z.strictObject({ reason });
export const liftRequestSchema = z.strictObject({ release, reason });

/** Takes several applications' releases back at once. */
export const rollbacksRequestSchema = z
  .strictObject({
    applications: z.array(nameSchema).min(1).max(1000).optional(),
    /** Every application whose rollout runs and is no rollback. */
    all: z.literal(true, { error: 'must be true, or left out' }).optional(),
    /** With `all`: also those whose rollout ended, and began at this time or later. */
    since: instantSchema.optional(),
    withoutPrevious: z.enum(['keep', 'withdraw'], { error: 'must be keep or withdraw' }).optional(),
    reason: requiredReason('a rollback of several applications'),
  })
  .refine((wanted) => (wanted.applications === undefined) !== (wanted.all === undefined), {
    path: ['applications'],
    error: 'name applications, or give all: true; one of the two',
    when: isObject,
  });

/** Nothing new is assigned anywhere: `until` a time, `for` so long, or until somebody lifts it. */
export const freezeRequestSchema = z
  .strictObject({
    reason: requiredReason('a freeze'),
    until: instantSchema.optional(),
    for: durationSchema.optional(),
  })
  .refine((freeze) => freeze.until === undefined || freeze.for === undefined, {
    path: ['for'],
    error: 'give until or for, not both',
    when: isObject,
  });
export const unfreezeRequestSchema = z.strictObject({ reason });

/** What a command did, and what happens next. */
export const commandAnswerSchema = z
  .object({
    rollout: rolloutViewSchema,
    changed: z.boolean(),
    /** What the command did, one sentence each, as the history has them. */
    changes: z.array(z.string()),
    /** What happens next. */
    message: z.string(),
    /** Of a start: which clusters could not try it first; absent: none. */
    warnings: z.array(z.string()).optional(),
    /** Nothing of it was done: so it would be. */
    dryRun: z.literal(true).optional(),
  })
  .meta({ id: 'CommandAnswer' });

export const rollbacksAnswerSchema = z
  .object({
    results: z.array(
      z.object({
        application: z.string(),
        /** What was done; absent where it was refused. */
        answer: commandAnswerSchema.optional(),
        /** Why nothing was done. */
        refused: z.object({ code: z.string(), message: z.string() }).optional(),
      }),
    ),
    dryRun: z.literal(true).optional(),
  })
  .meta({ id: 'RollbacksAnswer' });

export const freezeViewSchema = z
  .object({ by: z.string(), reason: z.string(), since: timeSchema, until: timeSchema.optional() })
  .meta({ id: 'FreezeView' });

/** `freeze: null`: nothing is frozen. */
export const freezeStateSchema = z.object({ freeze: freezeViewSchema.nullable() }).meta({ id: 'FreezeState' });

export const freezeAnswerSchema = z
  .object({
    freeze: freezeViewSchema.nullable(),
    changed: z.boolean(),
    changes: z.array(z.string()),
    message: z.string(),
    dryRun: z.literal(true).optional(),
  })
  .meta({ id: 'FreezeAnswer' });

export type CommandAnswer = z.output<typeof commandAnswerSchema>;
export type RollbacksAnswer = z.output<typeof rollbacksAnswerSchema>;
export type FreezeView = z.output<typeof freezeViewSchema>;
export type FreezeState = z.output<typeof freezeStateSchema>;
export type FreezeAnswer = z.output<typeof freezeAnswerSchema>;
