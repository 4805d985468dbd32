import { TARGET_STATES } from '#domain';
import { z } from 'zod';
import { agentNamespacesSchema, agentNamespacesTextSchema } from '../agent-namespaces.js';
import { clusterNameSchema, durationSchema, labelsSchema } from '../primitives.js';
import { holdSchema, naturalSchema, pageQuerySchema, reasonSchema, requiredReason, timeSchema } from './basics.js';

export const registerRequestSchema = z.strictObject({
  name: clusterNameSchema,
  labels: labelsSchema.default({}),
  /** How long the join token lives; at most 7 days. */
  tokenTtl: durationSchema.default('1h'),
  /** The agent's rights end at these namespaces, which must exist; the whole cluster unless told. */
  namespaces: agentNamespacesSchema.optional(),
});

/** `POST /api/v1/clusters/NAME/token`. */
export const inviteRequestSchema = z
  .strictObject({
    /** As at the registration. An agent that was kept to namespaces before gets the whole cluster only where `clusterWide` says so. */
    namespaces: agentNamespacesSchema.optional(),
    clusterWide: z.boolean().optional(),
  })
  .refine(({ namespaces, clusterWide }) => namespaces === undefined || clusterWide !== true, {
    path: ['clusterWide'],
    error: 'namespaces and clusterWide exclude each other: give one of them',
  });

/** The address of an agent's manifest carries them. */
export const installQuerySchema = z.object({ namespaces: agentNamespacesTextSchema.optional() });

export const labelRequestSchema = z.strictObject({ labels: labelsSchema });

export const clusterApplicationSchema = z.object({
  application: z.string(),
  /** `healthy`, `progressing`, `failed`, `refused` by the agent's last word of the generation in force; `unknown` without one. */
  health: z.enum(['healthy', 'progressing', 'failed', 'refused', 'unknown']),
  /** `synced`: it runs what it is told; `outOfSync`: not yet, or no longer. */
  sync: z.enum(['synced', 'outOfSync', 'unknown']),
  release: naturalSchema.nullable(),
  digest: z.string(),
  generation: naturalSchema,
  state: z.enum(TARGET_STATES),
  message: z.string().optional(),
  reportedAt: timeSchema.optional(),
});

/** A person holds the cluster: nothing new is assigned to it. */
export const clusterHoldSchema = z
  .object({ by: z.string(), reason: z.string(), since: timeSchema })
  .meta({ id: 'ClusterHold' });

/** The cluster is being removed: its agent takes down what it holds, and then the registration ends. */
export const clusterLeavingSchema = z
  .object({
    by: z.string(),
    since: timeSchema,
    /** How many objects its agent still holds, as it said last; absent: it said nothing yet. */
    left: naturalSchema.optional(),
  })
  .meta({ id: 'ClusterLeaving' });

const clusterStatusSchema = z.enum(['ready', 'offline', 'waiting', 'leaving', 'revoked']);

export const clusterViewSchema = z
  .object({
    name: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()),
    facts: z.record(z.string(), z.string()),
    state: z.enum(['registered', 'joined', 'leaving', 'revoked']),
    /** `ready`, `offline`, `waiting` for its agent to join, or `leaving` the fleet. */
    status: clusterStatusSchema,
    /** Worst health of its applications; `none` when it has none. */
    health: z.enum(['healthy', 'progressing', 'failed', 'refused', 'unknown', 'none']),
    agentVersion: z.string().optional(),
    seenAt: timeSchema.optional(),
    createdAt: timeSchema,
    joinedAt: timeSchema.optional(),
    /** The newest credential that its agent was given, which it renews when two thirds of its life are gone. In single views only; absent: not known. */
    credential: z.object({ issuedAt: timeSchema, expiresAt: timeSchema }).optional(),
    /** Absent: nobody holds it. */
    hold: clusterHoldSchema.optional(),
    /** With the status `leaving` alone. */
    leaving: clusterLeavingSchema.optional(),
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
    expiresAt: timeSchema,
    /** URL of the agent's manifest, with the token in it. */
    url: z.string(),
    /** The one line to paste where kubectl points at the cluster. */
    command: z.string(),
    /** What the agent's rights end at; absent: the whole cluster. */
    namespaces: z.array(z.string()).optional(),
  })
  .meta({ id: 'RegisterAnswer' });

export const clusterQuerySchema = pageQuerySchema.extend({
  /** As `kubectl -l`. */
  selector: z.string().max(2000).optional(),
  status: clusterStatusSchema.optional(),
});

/** `DELETE /api/v1/clusters/NAME?workloads=…`: whoever removes a cluster says what becomes of what runs there. */
export const removeQuerySchema = z.strictObject({
  /** `withdraw`: its agent deletes what it applied, then the registration ends. `leave`: it ends now, and all stays. */
  workloads: z.enum(['withdraw', 'leave'], 'must be withdraw (its agent deletes what it applied) or leave (it stays)'),
});

export const removeAnswerSchema = z
  .object({
    name: z.string(),
    /** `removed`: the registration has ended. `leaving`: it ends once the agent has taken down what it holds. */
    status: z.enum(['removed', 'leaving']),
    /** One sentence: what happens next. */
    message: z.string(),
  })
  .meta({ id: 'RemoveAnswer' });

export const holdRequestSchema = z.strictObject({ reason: requiredReason('a hold') });
export const unholdRequestSchema = z.strictObject({ reason: reasonSchema.optional() });

/** What holding a cluster, or letting it go, did to its applications. */
export const clusterCommandAnswerSchema = z
  .object({
    cluster: clusterViewSchema,
    changed: z.boolean(),
    /** What it did, one sentence each, the application's name first. */
    changes: z.array(z.string()),
    /** What happens next. */
    message: z.string(),
    /** Nothing of it was done. */
    dryRun: z.literal(true).optional(),
  })
  .meta({ id: 'ClusterCommandAnswer' });

export type ClusterView = z.output<typeof clusterViewSchema>;
export type ClusterHoldView = z.output<typeof clusterHoldSchema>;
export type ClusterApplicationView = z.output<typeof clusterApplicationSchema>;
export type RemoveAnswer = z.output<typeof removeAnswerSchema>;
export type RegisterAnswer = z.output<typeof registerAnswerSchema>;
export type ClusterCommandAnswer = z.output<typeof clusterCommandAnswerSchema>;
