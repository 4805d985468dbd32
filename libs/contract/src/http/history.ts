import { TARGET_STATES } from '#domain';
import { z } from 'zod';
import { clusterNameSchema, nameSchema } from '../primitives.js';
import { beginningSchema, holdSchema, instantSchema, naturalSchema, pageQuerySchema, timeSchema } from './basics.js';

export const eventViewSchema = z
  .object({
    id: naturalSchema,
    seq: naturalSchema,
    at: timeSchema,
    application: z.string(),
    rollout: z.string().optional(),
    cluster: z.string().optional(),
    event: z.string(),
    message: z.string(),
    actor: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'EventView' });

export const eventQuerySchema = pageQuerySchema.extend({
  application: nameSchema.optional(),
  rollout: z.string().max(80).optional(),
  cluster: clusterNameSchema.optional(),
  /** What begins so: `token:ann`, or `token:` for whatever tokens did. */
  actor: beginningSchema.optional(),
  /** From that time on. */
  since: instantSchema.optional(),
  /** Before that time. */
  until: instantSchema.optional(),
});

/** One line of a rollout's exported history (JSON lines), oldest first; `cluster` is its name. */
export const historyLineSchema = z
  .object({
    seq: naturalSchema,
    at: timeSchema,
    rollout: z.string(),
    event: z.string(),
    message: z.string(),
    cluster: z.string().optional(),
    actor: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'HistoryLine' });

/** Whether the logged events, taken again, give the stored state byte for byte. */
export const replayAnswerSchema = z
  .object({
    rollout: z.string(),
    /** How many steps were taken again. */
    steps: naturalSchema,
    ok: z.boolean(),
    /** What is not the same: at which step, and where. */
    differs: z.string().optional(),
  })
  .meta({ id: 'ReplayAnswer' });

/** What every cluster of a rollback runs now, by its agent's own word. */
export const receiptViewSchema = z
  .object({
    rollout: z.string(),
    application: z.string(),
    /** The release that was taken back. */
    release: naturalSchema,
    state: z.string(),
    /** When it was asked for. */
    at: timeSchema,
    clusters: z.array(
      z.object({
        cluster: z.string(),
        uid: z.string(),
        state: z.enum(TARGET_STATES),
        /** What it is to run: an earlier release, `keep` what it holds, or `withdraw` the application. */
        wanted: z.union([
          z.object({ release: naturalSchema, overlay: z.string(), digest: z.string() }),
          z.enum(['keep', 'withdraw']),
        ]),
        /** What its agent says that it runs; null: it never said. */
        runs: z
          .object({
            digest: z.string(),
            generation: naturalSchema,
            /** The release with that digest, where it is known. */
            release: naturalSchema.nullable(),
            at: timeSchema,
          })
          .nullable(),
      }),
    ),
    /** Those that did not go back, and why. */
    couldNot: z.array(z.object({ cluster: z.string(), uid: z.string(), why: z.string() })),
  })
  .meta({ id: 'ReceiptView' });

export const whySchema = z
  .object({
    /** `rollout`, `cluster` or `application`. */
    kind: z.enum(['rollout', 'cluster', 'application']),
    name: z.string(),
    sentence: z.string(),
    holds: z.array(holdSchema),
    evidence: z.array(z.string()),
    /** What a person can do now, as lines to paste. */
    can: z.array(z.string()),
  })
  .meta({ id: 'Why' });

export type EventView = z.output<typeof eventViewSchema>;
export type HistoryLine = z.output<typeof historyLineSchema>;
export type ReplayAnswer = z.output<typeof replayAnswerSchema>;
export type ReceiptView = z.output<typeof receiptViewSchema>;
export type Why = z.output<typeof whySchema>;
