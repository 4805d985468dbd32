import { TARGET_STATES } from '#domain';
import { z } from 'zod';
import { clusterNameSchema, durationSchema, labelsSchema, nameSchema } from './primitives.js';
import { resourceSchema } from './resources.js';

/** Times in the API are ISO 8601 in UTC with milliseconds. */
const time = z.string().max(40);
const count = z.number().int().min(0);
const reason = z.string().trim().min(1).max(500).optional();

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
  .object({ code: z.string(), message: z.string(), since: time, clearsAt: time.optional() })
  .meta({ id: 'Hold' });

export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1, 'must be 1 to 1000').max(1000, 'must be 1 to 1000').optional(),
  /** `next` of the page before. */
  after: z.string().max(512).optional(),
});

/** A page of anything: `next` is absent on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional() });

// Declared objects

export const applyRequestSchema = z.strictObject({
  /** Checked one by one, so that every bad document is named; written in one transaction or not at all. */
  documents: z
    .array(z.unknown())
    .min(1, 'must hold at least one document')
    .max(1000, 'must hold at most 1000 documents'),
  dryRun: z.boolean().default(false),
  reason,
});

export const applyResultSchema = z.object({
  kind: z.string(),
  name: z.string(),
  result: z.enum(['created', 'configured', 'unchanged']),
  /** What was there before and what is wanted, both without status; with `dryRun`, for `flotilla diff`. */
  before: resourceSchema.nullable().optional(),
  after: resourceSchema.optional(),
});

export const applyAnswerSchema = z.object({ results: z.array(applyResultSchema) }).meta({ id: 'ApplyAnswer' });

export const syncAnswerSchema = z
  .object({
    source: z.string(),
    revision: z.string(),
    /** Whether the commit was new. */
    changed: z.boolean(),
    releases: z.array(z.object({ application: z.string(), release: count, rollout: z.string().optional() })),
    /** Applications that could not be rendered at this commit, and why. */
    errors: z.array(z.object({ application: z.string(), message: z.string() })),
  })
  .meta({ id: 'SyncAnswer' });

// Clusters

export const registerRequestSchema = z.strictObject({
  name: clusterNameSchema,
  labels: labelsSchema.default({}),
  /** How long the join token lives; at most 7 days. */
  tokenTtl: durationSchema.default('1h'),
});

export const labelRequestSchema = z.strictObject({ labels: labelsSchema });

export const clusterApplicationSchema = z.object({
  application: z.string(),
  /** `healthy`, `progressing`, `failed`, `refused` by the agent's last word of the generation in force; `unknown` without one. */
  health: z.enum(['healthy', 'progressing', 'failed', 'refused', 'unknown']),
  /** `synced`: it runs what it is told; `outOfSync`: not yet, or no longer. */
  sync: z.enum(['synced', 'outOfSync', 'unknown']),
  release: count.nullable(),
  digest: z.string(),
  generation: count,
  state: z.enum(TARGET_STATES),
  message: z.string().optional(),
  reportedAt: time.optional(),
});

export const clusterViewSchema = z
  .object({
    name: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()),
    facts: z.record(z.string(), z.string()),
    state: z.enum(['registered', 'joined', 'revoked']),
    /** `ready`, `offline`, or `waiting` for its agent to join. */
    status: z.enum(['ready', 'offline', 'waiting', 'revoked']),
    /** Worst health of its applications; `none` when it has none. */
    health: z.enum(['healthy', 'progressing', 'failed', 'refused', 'unknown', 'none']),
    agentVersion: z.string().optional(),
    seenAt: time.optional(),
    createdAt: time,
    joinedAt: time.optional(),
    /** In single views only. */
    applications: z.array(clusterApplicationSchema).optional(),
    holds: z.array(holdSchema).optional(),
  })
  .meta({ id: 'ClusterView' });

export const registerAnswerSchema = z
  .object({
    cluster: clusterViewSchema,
    /** Shown once. */
    token: z.string(),
    expiresAt: time,
    /** URL of the agent's manifest, with the token in it. */
    url: z.string(),
    /** The one line to paste where kubectl points at the cluster. */
    command: z.string(),
  })
  .meta({ id: 'RegisterAnswer' });

export const clusterQuerySchema = pageQuerySchema.extend({
  /** As `kubectl -l`. */
  selector: z.string().max(2000).optional(),
  status: z.enum(['ready', 'offline', 'waiting', 'revoked']).optional(),
});

// Releases and rollouts

export const releaseViewSchema = z
  .object({
    application: z.string(),
    release: count,
    source: z.string(),
    revision: z.string(),
    author: z.string(),
    subject: z.string(),
    committedAt: time,
    createdAt: time,
    overlays: z.array(
      z.object({ path: z.string(), digest: z.string(), objects: count, bytes: count, tool: z.string() }),
    ),
    barred: z.boolean(),
  })
  .meta({ id: 'ReleaseView' });

export const waveViewSchema = z.object({
  name: z.string(),
  phase: z.enum(['pending', 'gateBefore', 'progressing', 'soaking', 'gateAfter', 'done', 'skipped']),
  total: count,
  counts: z.record(z.enum(TARGET_STATES), count),
  maxConcurrency: count,
  maxFailures: count,
  maxUnreachable: count,
  openedAt: time.optional(),
  doneAt: time.optional(),
});

export const rolloutViewSchema = z
  .object({
    id: z.string(),
    application: z.string(),
    number: count,
    kind: z.enum(['forward', 'rollback', 'catchUp']),
    release: count,
    revision: z.string(),
    state: z.enum(['running', 'succeeded', 'succeededWithExceptions', 'superseded', 'rolledBack', 'cancelled']),
    /** A stored hold stops assignment. */
    paused: z.boolean(),
    /** `2/3`-like: the open wave, from 0. */
    wave: count,
    waves: z.array(waveViewSchema),
    counts: z.record(z.enum(TARGET_STATES), count),
    total: count,
    holds: z.array(holdSchema),
    /** The one sentence. */
    why: z.string(),
    startedAt: time,
    startedBy: z.string(),
    reason: z.string().optional(),
    endedAt: time.optional(),
    endedBy: z.string().optional(),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'RolloutView' });

export const targetViewSchema = z
  .object({
    cluster: z.string(),
    uid: z.string(),
    wave: count,
    waveName: z.string(),
    state: z.enum(TARGET_STATES),
    reason: z.string().optional(),
    message: z.string().optional(),
    release: count.nullable(),
    overlay: z.string(),
    digest: z.string(),
    generation: count,
    acked: z.boolean(),
    /** By the agent's own word. */
    report: z
      .object({
        generation: count,
        phase: z.enum(['progressing', 'healthy', 'failed', 'refused']),
        steadyMs: count,
        breaks: count,
        at: time,
      })
      .optional(),
  })
  .meta({ id: 'TargetView' });

export const rolloutQuerySchema = pageQuerySchema.extend({ application: nameSchema.optional() });
export const releaseQuerySchema = rolloutQuerySchema;
export const targetQuerySchema = pageQuerySchema.extend({
  state: z.enum(TARGET_STATES).optional(),
  wave: z.coerce.number().int().min(0).max(100).optional(),
});

const clusters = z.array(clusterNameSchema).min(1).max(10_000);

export const startRequestSchema = z.strictObject({ release: z.number().int().min(1).optional(), reason });
export const pauseRequestSchema = z.strictObject({ reason });
export const resumeRequestSchema = z.strictObject({ accept: z.boolean().default(false), reason });
export const retryRequestSchema = z.strictObject({ clusters: clusters.optional(), reason });
export const skipRequestSchema = z.strictObject({
  clusters,
  reason: z.string({ error: 'must say why: a skip needs a reason' }).trim().min(1).max(500),
});
export const rollbackRequestSchema = z.strictObject({
  withoutPrevious: z.enum(['keep', 'withdraw']).optional(),
  reason,
});
export const cancelRequestSchema = z.strictObject({ reason });
export const liftRequestSchema = z.strictObject({ release: z.number().int().min(1), reason });

/** What a command did, and what happens next. */
export const commandAnswerSchema = z
  .object({ rollout: rolloutViewSchema, changed: z.boolean(), message: z.string() })
  .meta({ id: 'CommandAnswer' });

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

// Fleet

export const fleetViewSchema = z
  .object({
    clusters: z.object({ total: count, ready: count, offline: count, waiting: count }),
    /** Clusters whose every application is healthy and synced. */
    healthy: count,
    applications: z.array(
      z.object({
        name: z.string(),
        release: count.nullable(),
        revision: z.string().optional(),
        /** Clusters by health of this application. */
        health: z.record(z.string(), count),
        rollout: z.object({ id: z.string(), state: z.string(), paused: z.boolean() }).optional(),
        holds: z.array(holdSchema),
      }),
    ),
  })
  .meta({ id: 'FleetView' });

// Tokens, audit, events

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
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time.optional(),
    lastUsedAt: time.optional(),
    revokedAt: time.optional(),
  })
  .meta({ id: 'TokenView' });

/** The token itself is shown this once. */
export const createTokenAnswerSchema = z
  .object({ token: z.string(), view: tokenViewSchema })
  .meta({ id: 'CreateTokenAnswer' });

export const whoamiSchema = z.object({ actor: z.string(), role: roleSchema }).meta({ id: 'Whoami' });

export const auditViewSchema = z
  .object({
    id: count,
    at: time,
    actor: z.string(),
    act: z.string(),
    object: z.string(),
    reason: z.string().optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'AuditView' });

export const eventViewSchema = z
  .object({
    id: count,
    seq: count,
    at: time,
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
});

/** The file in the data folder by which a CLI on the same machine finds hub and token; mode 0600. */
export const localAccessSchema = z.object({ url: z.string(), ca: z.string(), token: z.string() });

export type Problem = z.output<typeof problemSchema>;
export type HoldView = z.output<typeof holdSchema>;
export type ApplyAnswer = z.output<typeof applyAnswerSchema>;
export type ApplyResult = z.output<typeof applyResultSchema>;
export type SyncAnswer = z.output<typeof syncAnswerSchema>;
export type ClusterView = z.output<typeof clusterViewSchema>;
export type ClusterApplicationView = z.output<typeof clusterApplicationSchema>;
export type RegisterAnswer = z.output<typeof registerAnswerSchema>;
export type ReleaseView = z.output<typeof releaseViewSchema>;
export type RolloutView = z.output<typeof rolloutViewSchema>;
export type WaveView = z.output<typeof waveViewSchema>;
export type TargetView = z.output<typeof targetViewSchema>;
export type CommandAnswer = z.output<typeof commandAnswerSchema>;
export type Why = z.output<typeof whySchema>;
export type FleetView = z.output<typeof fleetViewSchema>;
export type TokenView = z.output<typeof tokenViewSchema>;
export type CreateTokenAnswer = z.output<typeof createTokenAnswerSchema>;
export type Whoami = z.output<typeof whoamiSchema>;
export type AuditView = z.output<typeof auditViewSchema>;
export type EventView = z.output<typeof eventViewSchema>;
export type LocalAccess = z.output<typeof localAccessSchema>;
