import {
  type AgentReport,
  type Heartbeat,
  type Manifest,
  MAX_HEALTH_EXPRESSION,
  type SignedManifest,
  type TrustDocument,
} from '#domain';
import { z } from 'zod';
import { digestSchema, isStorable, nameSchema, revisionSchema, STORABLE, uidSchema } from './primitives.js';

const counter = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const text = (limit: number) => z.string().max(limit);
/** What goes into a column of its own, written together with those of other clusters: one agent must not spoil the others'. */
const storedText = (limit: number) => text(limit).refine(isStorable, STORABLE);
/** Fits into 32 bits. */
const protocol = z.number().int().min(0).max(1_000_000);

/** Largest signed manifest, bytes. */
export const MAX_MANIFEST_BYTES = 256 * 1024;
/** Largest report, bytes. */
export const MAX_REPORT_BYTES = 64 * 1024;
/** Largest bundle after decompression, bytes of canonical JSON. */
export const MAX_BUNDLE_BYTES = 10 * 1024 * 1024;
/** Most objects in a bundle. */
export const MAX_BUNDLE_OBJECTS = 5000;

export const signedManifestSchema: z.ZodType<SignedManifest> = z.object({
  payload: text(MAX_MANIFEST_BYTES),
  keyId: text(64),
  signature: text(128),
});

const healthRuleSchema = z.object({
  kind: text(320),
  failed: text(MAX_HEALTH_EXPRESSION).optional(),
  suspended: text(MAX_HEALTH_EXPRESSION).optional(),
  progressing: text(MAX_HEALTH_EXPRESSION).optional(),
  healthy: text(MAX_HEALTH_EXPRESSION).optional(),
  message: text(MAX_HEALTH_EXPRESSION).optional(),
});

const ignoreDifferencesSchema = z.object({
  kind: text(320),
  name: text(253).optional(),
  namespace: text(63).optional(),
  jsonPointers: z.array(text(512)).max(100).optional(),
  managers: z.array(text(128)).max(50).optional(),
});

const manifestApplicationSchema = z.object({
  release: counter.nullable(),
  revision: z.union([revisionSchema, z.literal('')]),
  digest: z.union([digestSchema, z.literal('')]),
  chunks: z.number().int().min(0).max(1000),
  generation: counter,
  healthyForMs: counter,
  maxDeletions: counter,
  exempt: z
    .object({ digest: digestSchema, chunks: z.number().int().min(0).max(1000), namespace: nameSchema.optional() })
    .optional(),
  halted: z.literal(true).optional(),
  drift: z.enum(['report', 'correct', 'off']),
  namespace: nameSchema,
  // The hub made sure of the rules when they were declared; the agent bounds them.
  health: z.array(healthRuleSchema).max(50).optional(),
  ignoreDifferences: z.array(ignoreDifferencesSchema).max(100).optional(),
  serviceAccount: nameSchema.optional(),
  decryption: z.object({ secret: text(253) }).optional(),
});

/**
 * What an Application's spec says of that, read from a spec as it was stored: whoever stored it made sure of it by the rules of
 * then, and what is told to agents is not to end with a newer hub's.
 */
export const applicationTermsSchema = manifestApplicationSchema.pick({
  drift: true,
  namespace: true,
  health: true,
  ignoreDifferences: true,
  serviceAccount: true,
  decryption: true,
});

/** Largest bundle of authorities, bytes of PEM. */
export const MAX_CA_BYTES = 16_384;
/** Most keys that sign manifests at a time. */
export const MAX_MANIFEST_KEYS = 8;

const manifestKeysSchema = z
  .record(z.string().min(1).max(64), text(1024))
  .refine((keys) => Object.keys(keys).length <= MAX_MANIFEST_KEYS, `must have at most ${MAX_MANIFEST_KEYS} keys`);

export const trustDocumentSchema: z.ZodType<TrustDocument> = z.object({
  generation: counter.min(1),
  manifestKeys: manifestKeysSchema,
  ca: text(MAX_CA_BYTES),
});

/** Unknown fields are let through: a hub one version ahead may send some. */
export const manifestSchema: z.ZodType<Manifest> = z.object({
  protocol: counter,
  cluster: uidSchema,
  sequence: counter,
  applications: z.record(nameSchema, manifestApplicationSchema),
  trust: trustDocumentSchema.optional(),
  withdraw: z.literal(true).optional(),
});

const findingSchema = z.object({
  apiVersion: text(253),
  kind: text(63),
  namespace: text(63).optional(),
  name: text(253),
  health: z.enum(['healthy', 'progressing', 'failed', 'suspended', 'missing', 'unknown']),
  reason: text(128),
  message: text(1024),
});

export const reportSchema: z.ZodType<AgentReport> = z.object({
  protocol: counter,
  cluster: uidSchema,
  application: nameSchema,
  generation: counter,
  digest: z.union([digestSchema, z.literal('')]),
  runs: z.union([digestSchema, z.literal('')]),
  phase: z.enum(['progressing', 'healthy', 'failed', 'refused']),
  cause: z.enum(['sync', 'health']).optional(),
  message: text(1024).optional(),
  steadyMs: counter,
  breaks: counter,
  boot: counter,
  seq: counter,
  objects: counter,
  findings: z.array(findingSchema).max(20),
  drift: z.object({ corrected: counter, drifted: counter, fields: z.array(text(253)).max(20).optional() }).optional(),
});

const factsSchema = z
  .record(storedText(128), storedText(256))
  .refine((facts) => Object.keys(facts).length <= 64, 'must have at most 64 facts');

const withdrawalSchema = z.object({
  done: z.boolean(),
  left: counter,
  kept: counter,
  names: z.array(storedText(400)).max(20),
  message: storedText(1024).optional(),
});

export const heartbeatSchema: z.ZodType<Heartbeat> = z.object({
  protocol,
  cluster: uidSchema,
  sequence: counter,
  boot: counter,
  version: storedText(64),
  facts: factsSchema.optional(),
  apis: digestSchema.optional(),
  trust: counter.optional(),
  withdrawal: withdrawalSchema.optional(),
});

/** An agent's public nkey: `U` and 55 characters of base32. */
export const nkeySchema = z.string().regex(/^U[A-Z2-7]{55}$/, 'must be a public user nkey');

export const joinTokenSchema = z.string().regex(/^fj_[A-Za-z0-9_-]{43}$/, 'must be a join token');

/** `POST /api/v1/join`, the one call without a credential. */
export const joinRequestSchema = z.strictObject({
  token: joinTokenSchema,
  publicKey: nkeySchema,
  /** base64url signature by that key over `flotilla-join:<token>`: proof that the caller holds it. */
  proof: text(128),
  protocol,
  version: storedText(64),
  facts: factsSchema,
});

export const joinAnswerSchema = z.object({
  cluster: uidSchema,
  name: text(63),
  protocol: counter,
  nats: z.object({ urls: z.array(text(512)).min(1).max(10), ca: text(MAX_CA_BYTES) }),
  /** The user JWT for the agent's key. */
  credential: text(8192),
  /** Public keys that sign manifests, by key id: PEM, Ed25519. */
  manifestKeys: z.record(z.string().max(64), text(1024)),
  /** The same keys and what the bus and the hub's API are held to, as a document: absent from a hub that can't rotate. */
  trust: trustDocumentSchema.optional(),
  /** How often an agent of this cluster has started, as far as the hub knows: a fresh one counts on from there. */
  boots: counter.optional(),
  heartbeatMs: z.number().int().min(100).max(3_600_000),
});

/** `POST /api/v1/renew`: a new credential by proof of the key, for an agent whose credential has expired. */
export const renewRequestSchema = z.strictObject({
  cluster: uidSchema,
  publicKey: nkeySchema,
  /** Milliseconds since the epoch; refused when more than 5 minutes away from the hub's clock. */
  at: counter,
  /** base64url signature over `flotilla-renew:<cluster>:<at>`. */
  proof: text(128),
});

export const renewAnswerSchema = joinAnswerSchema;

export type JoinRequest = z.output<typeof joinRequestSchema>;
export type JoinAnswer = z.output<typeof joinAnswerSchema>;
export type RenewRequest = z.output<typeof renewRequestSchema>;

/** What the join proof signs. */
export const joinProofText = (token: string): string => `flotilla-join:${token}`;
/** What the renewal proof signs. */
export const renewProofText = (cluster: string, at: number): string => `flotilla-renew:${cluster}:${at}`;
