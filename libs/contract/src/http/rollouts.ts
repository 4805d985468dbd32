import { TARGET_STATES } from '#domain';
import { z } from 'zod';
import { nameSchema } from '../primitives.js';
import { holdSchema, instantSchema, naturalSchema, pageQuerySchema, timeSchema, windowViewSchema } from './basics.js';

/** What a release took from one source. */
const releaseSourceSchema = z
  .object({
    name: z.string(),
    /** The environment that took it; absent: the application has none, or all of them take it. */
    environment: z.string().optional(),
    /** Commit id, or digest of a packed chart. */
    revision: z.string(),
    /** The tag that a range of versions came to. */
    tag: z.string().optional(),
    /** Of a chart. */
    version: z.string().optional(),
    /** Who signed it, of those that the source trusts. */
    signature: z
      .object({
        kind: z.enum(['openpgp', 'ssh']),
        signer: z.string(),
        fingerprint: z.string(),
        of: z.enum(['commit', 'tag']),
      })
      .optional(),
  })
  .meta({ id: 'ReleaseSource' });

export const releaseViewSchema = z
  .object({
    application: z.string(),
    release: naturalSchema,
    source: z.string(),
    revision: z.string(),
    author: z.string(),
    subject: z.string(),
    committedAt: timeSchema,
    createdAt: timeSchema,
    overlays: z.array(
      z.object({
        path: z.string(),
        digest: z.string(),
        objects: naturalSchema,
        bytes: naturalSchema,
        tool: z.string(),
      }),
    ),
    /** How many overlays there are, also where they are left out. Absent: a hub of before it was told. */
    overlayCount: naturalSchema.optional(),
    /** All that it was rendered from. Absent: made before that was kept. */
    sources: z.array(releaseSourceSchema).optional(),
    /** What its renderers and checks said of it; only for who may see all of its clusters. */
    warnings: z.array(z.string()).optional(),
    barred: z.boolean(),
  })
  .meta({ id: 'ReleaseView' });

export const approvalViewSchema = z
  .object({
    actor: z.string(),
    at: timeSchema,
    reason: z.string().optional(),
    /** False: it was given for another plan of the wave, and counts no more. */
    counts: z.boolean(),
  })
  .meta({ id: 'ApprovalView' });

/** What must be open before a wave begins (`before`) or before it counts as done (`after`). */
export const gateViewSchema = z
  .object({
    when: z.enum(['before', 'after']),
    name: z.string(),
    type: z.enum(['approval', 'schedule', 'webhook', 'metric']),
    /** `refused`: it said no, and the rollout holds (`gate`) until a person resumes. */
    state: z.enum(['waiting', 'open', 'refused']),
    /** What opens it, one sentence; of an address the host only. */
    wants: z.string(),
    /** Since when it is asked. */
    since: timeSchema.optional(),
    openedAt: timeSchema.optional(),
    /** Who promoted it. */
    openedBy: z.string().optional(),
    /** Approval: how many people must say yes, and who did. */
    approvers: naturalSchema.optional(),
    approvals: z.array(approvalViewSchema).optional(),
    /** Metric: samples so far. */
    samples: z.object({ ok: naturalSchema, failed: naturalSchema }).optional(),
    /** Metric: good samples that open it, and bad ones that it bears. */
    count: naturalSchema.optional(),
    failureLimit: naturalSchema.optional(),
    /** Schedule. */
    notBefore: timeSchema.optional(),
    windows: z.array(windowViewSchema).optional(),
    /** The last answer of a webhook or metric, or a rejection. */
    last: z.object({ message: z.string(), at: timeSchema }).optional(),
    /** When a webhook or metric is asked next. */
    askAt: timeSchema.optional(),
  })
  .meta({ id: 'GateView' });

export const waveViewSchema = z.object({
  name: z.string(),
  phase: z.enum(['pending', 'gateBefore', 'progressing', 'soaking', 'gateAfter', 'done', 'skipped']),
  total: naturalSchema,
  counts: z.record(z.enum(TARGET_STATES), naturalSchema),
  maxConcurrency: naturalSchema,
  maxFailures: naturalSchema,
  maxUnreachable: naturalSchema,
  openedAt: timeSchema.optional(),
  doneAt: timeSchema.optional(),
  /** SHA-256 of what was planned for it, to which approvals bind. Absent in rollouts of before there were plans. */
  digest: z.string().optional(),
  /** Absent: none. */
  gates: z.array(gateViewSchema).optional(),
  /** New assignments are made only while one of them is open for the cluster; absent: always. */
  windows: z.array(windowViewSchema).optional(),
  /** Distinct time zones of its clusters, where it has windows. */
  zones: z.array(z.string()).optional(),
  /** Where it soaks at all: for how long; since and until when, once it does (under a hold: until is not known). */
  soak: z.object({ ms: naturalSchema, since: timeSchema.optional(), until: timeSchema.optional() }).optional(),
  /** Passed clusters whose agent says failed, not for long enough yet; a soak does not end on them. */
  suspects: naturalSchema.optional(),
  /** Passed clusters whose agent's last word is progressing; a soak does not end on them either. */
  unsteady: naturalSchema.optional(),
  /** How many of the failed and deferred a person acknowledged. */
  accepted: z.object({ failed: naturalSchema, deferred: naturalSchema }).optional(),
  /** A person gave the wave up. */
  givenUp: z.object({ by: z.string(), reason: z.string() }).optional(),
});

/** What a release drops from clusters' bundles: the objects of one bundle that the next one has not. */
export const dropViewSchema = z
  .object({
    /** Digests. */
    from: z.string(),
    to: z.string(),
    dropped: naturalSchema,
    of: naturalSchema,
    /** As `Kind namespace/name`, at most 20. */
    objects: z.array(z.string()),
    /** How many may go without being asked. */
    budget: naturalSchema.optional(),
    /** How many clusters go from that bundle to that one, and the names of some. */
    clusters: naturalSchema.optional(),
    names: z.array(z.string()).optional(),
  })
  .meta({ id: 'DropView' });

export const rolloutViewSchema = z
  .object({
    id: z.string(),
    application: z.string(),
    number: naturalSchema,
    kind: z.enum(['forward', 'rollback', 'catchUp']),
    release: naturalSchema,
    revision: z.string(),
    state: z.enum(['running', 'succeeded', 'succeededWithExceptions', 'superseded', 'rolledBack', 'cancelled']),
    /** A stored hold stops assignment. */
    paused: z.boolean(),
    /** `2/3`-like: the open wave, from 0. */
    wave: naturalSchema,
    waves: z.array(waveViewSchema),
    counts: z.record(z.enum(TARGET_STATES), naturalSchema),
    total: naturalSchema,
    holds: z.array(holdSchema),
    /** The one sentence. */
    why: z.string(),
    startedAt: timeSchema,
    startedBy: z.string(),
    reason: z.string().optional(),
    endedAt: timeSchema.optional(),
    endedBy: z.string().optional(),
    warnings: z.array(z.string()),
    /** SHA-256 of the plan that it goes by: what `flotilla rollout plan` showed. Absent in rollouts of before there were plans. */
    planDigest: z.string().optional(),
    /** Who wrote the release's commit: no approval of theirs counts. */
    author: z.string().optional(),
    /** Paused with `--hard`: agents stop before their next object. */
    hard: z.literal(true).optional(),
    /** What the release drops beyond the budget. */
    drops: z.array(dropViewSchema).optional(),
    /** A person saw the drops and accepted them. */
    deletionsAccepted: z.literal(true).optional(),
    /** A past state: as it was then. */
    at: timeSchema.optional(),
  })
  .meta({ id: 'RolloutView' });

export const targetViewSchema = z
  .object({
    cluster: z.string(),
    uid: z.string(),
    wave: naturalSchema,
    waveName: z.string(),
    state: z.enum(TARGET_STATES),
    reason: z.string().optional(),
    message: z.string().optional(),
    release: naturalSchema.nullable(),
    overlay: z.string(),
    digest: z.string(),
    generation: naturalSchema,
    acked: z.boolean(),
    /** Paused hard. */
    halted: z.literal(true).optional(),
    /** Failed or deferred, and acknowledged by a person. */
    accepted: z.literal(true).optional(),
    /** Its time zone, where its wave has windows. */
    zone: z.string().optional(),
    /** By the agent's own word. */
    report: z
      .object({
        generation: naturalSchema,
        phase: z.enum(['progressing', 'healthy', 'failed', 'refused']),
        steadyMs: naturalSchema,
        breaks: naturalSchema,
        at: timeSchema,
      })
      .optional(),
  })
  .meta({ id: 'TargetView' });

export const rolloutQuerySchema = pageQuerySchema.extend({ application: nameSchema.optional() });
export const releaseQuerySchema = rolloutQuerySchema
  .extend({
    /** With an application: this one alone. */
    release: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
    /** false: without them, as there may be one for each cluster; `overlayCount` says how many there are. */
    overlays: z.enum(['true', 'false'], { error: 'must be true or false' }).optional(),
  })
  .refine(({ application, release }) => release === undefined || application !== undefined, {
    path: ['application'],
    error: 'must say of which application the release is',
  });
/** `at`: as it was then. */
export const atQuerySchema = z.object({ at: instantSchema.optional() });
export const targetQuerySchema = pageQuerySchema.extend({
  state: z.enum(TARGET_STATES).optional(),
  wave: z.coerce.number().int().min(0).max(100).optional(),
  at: instantSchema.optional(),
});

export type ReleaseView = z.output<typeof releaseViewSchema>;
export type ApprovalView = z.output<typeof approvalViewSchema>;
export type GateView = z.output<typeof gateViewSchema>;
export type WaveView = z.output<typeof waveViewSchema>;
export type DropView = z.output<typeof dropViewSchema>;
export type RolloutView = z.output<typeof rolloutViewSchema>;
export type TargetView = z.output<typeof targetViewSchema>;
