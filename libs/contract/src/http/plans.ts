import { z } from 'zod';
import { durationSchema, nameSchema } from '../primitives.js';
import { strategySpecSchema } from '../strategy.js';
import { holdSchema, naturalSchema, windowViewSchema } from './basics.js';
import { freezeViewSchema } from './commands.js';
import { dropViewSchema, gateViewSchema } from './rollouts.js';

export const planQuerySchema = z.object({
  /** The newest one, unless told. */
  release: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
  /** Another strategy than the application's, to see what it would do. */
  strategy: nameSchema.optional(),
});

/** A declared strategy by its name, or the spec of one that nobody has saved. */
const strategyWishSchema = z.union([nameSchema, strategySpecSchema], {
  error: ({ input }) => {
    const isEither =
      typeof input === 'string' || (typeof input === 'object' && input !== null && !Array.isArray(input));
    return isEither ? undefined : 'must be the name of a strategy, or a spec such as {waves: [{name: all}]}';
  },
});

/** What a strategy that is not saved is called in answers: the name of none. */
export const UNSAVED_STRATEGY = '(not saved)';

/** `POST /api/v1/applications/NAME/plan`: the same for a strategy that is being written. */
export const planRequestSchema = z.strictObject({
  release: z.number().int().min(1).max(2_147_483_647).optional(),
  strategy: strategyWishSchema.optional(),
});

export const plannedClusterSchema = z.object({
  cluster: z.string(),
  uid: z.string(),
  overlay: z.string(),
  digest: z.string(),
  /** The release that it would go back to; null: it has none. */
  previous: z.object({ release: naturalSchema, digest: z.string() }).nullable(),
  /** `new`: it runs nothing of the application; `unchanged`: it has this very bundle. */
  change: z.enum(['new', 'changed', 'unchanged']),
  /** Absent: ready. */
  status: z.enum(['offline', 'held']).optional(),
  /** What its agent says of the application now, where that is not healthy. */
  healthBefore: z.string().optional(),
  /** How many objects are dropped from its bundle; absent: none. */
  dropped: naturalSchema.optional(),
  zone: z.string().optional(),
});

export const plannedWaveSchema = z.object({
  name: z.string(),
  digest: z.string(),
  total: naturalSchema,
  maxConcurrency: naturalSchema,
  maxFailures: naturalSchema,
  maxUnreachable: naturalSchema,
  ackTimeout: durationSchema,
  progressDeadline: durationSchema,
  healthyFor: durationSchema,
  soak: durationSchema,
  gates: z.array(gateViewSchema),
  windows: z.array(windowViewSchema),
  clusters: z.array(plannedClusterSchema),
});

/** What would be done, before anything is assigned. Approvals and `start {plan}` bind to `digest`. */
export const planViewSchema = z
  .object({
    application: z.string(),
    release: naturalSchema,
    revision: z.string(),
    /** Its name; UNSAVED_STRATEGY where its spec was sent along. */
    strategy: z.string(),
    digest: z.string(),
    total: naturalSchema,
    waves: z.array(plannedWaveSchema),
    /** Distinct bundles, the most used first. */
    bundles: z.array(
      z.object({
        digest: z.string(),
        overlays: z.array(z.string()),
        objects: naturalSchema,
        bytes: naturalSchema,
        /** How many clusters take it, and the names of some. */
        clusters: naturalSchema,
        names: z.array(z.string()),
        /** The waves that take it, in their order. */
        waves: z.array(z.string()).optional(),
      }),
    ),
    /** What it deletes, and of that what is over the budget: the rollout would hold before its first assignment. */
    drops: z.array(dropViewSchema),
    excessive: z.array(dropViewSchema).optional(),
    warnings: z.array(z.string()),
    /** The rollout that runs, and what a start would do: supersede it, be queued behind it, or be refused. */
    running: z.object({ rollout: z.string(), then: z.enum(['supersedes', 'queued', 'refused']) }).optional(),
    /** Why a start would be refused now. */
    refused: z.object({ code: z.string(), message: z.string() }).optional(),
    /** What the rollout would wait for from its start on. */
    holds: z.array(holdSchema),
    freeze: freezeViewSchema.optional(),
  })
  .meta({ id: 'PlanView' });

const rate = z.number().min(0, 'must be 0 to 1').max(1, 'must be 0 to 1').default(0);

/** Many runs of the engine on a virtual clock, over the present fleet. */
export const rehearsalRequestSchema = z.strictObject({
  release: z.number().int().min(1).max(2_147_483_647).optional(),
  strategy: strategyWishSchema.optional(),
  runs: z.number().int().min(1).max(2000, 'must be at most 2000').default(1000),
  /** Equal seeds give equal answers; one is chosen and told otherwise. */
  seed: z.number().int().min(0).max(4_294_967_295).optional(),
  /** Median time from an assignment to the agent's acknowledgement. */
  latency: durationSchema.default('2s'),
  /** Median time from there to healthy. */
  ready: durationSchema.default('30s'),
  /** Share of clusters on which the release fails. */
  failureRate: rate,
  /** Share of clusters that are out of reach when their turn comes. */
  offlineRate: rate,
  /** Share of clusters that become healthy, and lose their health now and again. */
  flapRate: rate,
  /** Share of clusters on which it becomes healthy, and fails for good later. */
  lateFailureRate: rate,
  /** How long people take for their yes at an approval gate. */
  approval: durationSchema.default('0s'),
});

/** Of many runs. */
export const distributionSchema = z
  .object({
    min: z.number(),
    p50: z.number(),
    p90: z.number(),
    p99: z.number(),
    max: z.number(),
    mean: z.number(),
  })
  .meta({ id: 'Distribution' });

export const rehearsalAnswerSchema = z
  .object({
    application: z.string(),
    release: naturalSchema,
    /** Digest of the plan that was rehearsed. */
    plan: z.string(),
    runs: naturalSchema,
    seed: naturalSchema,
    clusters: naturalSchema,
    /** Milliseconds from the start to the end, or to the halt. */
    durationMs: distributionSchema,
    /** The same run by run: at most 40 bins of one width that follow each other, empty ones too; `to` is beyond it. */
    histogram: z.array(
      z.object({
        fromMs: naturalSchema,
        toMs: naturalSchema,
        runs: naturalSchema,
        /** Of those by how they ended; only what there was. */
        outcomes: z.record(z.string(), naturalSchema),
      }),
    ),
    /** Runs by how they ended: `succeeded`, `succeededWithExceptions`, `halted`, `rolledBack`, `unfinished`. */
    outcomes: z.record(z.string(), naturalSchema),
    /** Clusters that had taken the release up when it halted; null: no run halted. */
    exposed: distributionSchema.nullable(),
    /** What halted runs, and in which wave; the commonest first. */
    halts: z.array(
      z.object({
        code: z.string(),
        wave: z.string(),
        runs: naturalSchema,
        /** Of the first such run. */
        message: z.string(),
      }),
    ),
    /** How long gates were waited for, milliseconds; null: it opened in no run. */
    gates: z.array(
      z.object({
        wave: z.string(),
        when: z.enum(['before', 'after']),
        name: z.string(),
        type: z.enum(['approval', 'schedule', 'webhook', 'metric']),
        waitedMs: distributionSchema.nullable(),
      }),
    ),
    /** Waves in their order: how many runs reached them, and milliseconds from the start until they opened and were done. */
    waves: z.array(
      z.object({
        name: z.string(),
        clusters: naturalSchema,
        reached: naturalSchema,
        openedMs: distributionSchema.nullable(),
        doneMs: distributionSchema.nullable(),
      }),
    ),
    /** Clusters in the order in which they are assigned. */
    order: z.array(z.object({ cluster: z.string(), wave: z.string() })),
    /** What the rehearsal takes for given. */
    assumptions: z.array(z.string()),
    /** Of the plan. */
    warnings: z.array(z.string()),
    /** How long it took, milliseconds. */
    tookMs: naturalSchema,
  })
  .meta({ id: 'RehearsalAnswer' });

export type PlanView = z.output<typeof planViewSchema>;
export type PlannedWaveView = z.output<typeof plannedWaveSchema>;
export type PlannedClusterView = z.output<typeof plannedClusterSchema>;
export type PlanRequest = z.output<typeof planRequestSchema>;
export type RehearsalRequest = z.output<typeof rehearsalRequestSchema>;
export type RehearsalAnswer = z.output<typeof rehearsalAnswerSchema>;
export type Distribution = z.output<typeof distributionSchema>;
