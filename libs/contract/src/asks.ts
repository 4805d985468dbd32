import { z } from 'zod';
import { digestSchema, nameSchema, uidSchema } from './primitives.js';

/** Most bytes of an answer before it is compressed; an agent leaves out what does not fit, and says so. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Most parts that an answer comes in. */
export const MAX_ANSWER_PARTS = 64;
/** How long an agent is waited for, ms. */
export const ASK_TIMEOUT_MS = 10_000;

/** 128 random bits in hexadecimal: one token of a subject. */
export const askIdSchema = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits');

/** What people ask of an application. */
export const ASKS = ['tree', 'diff', 'events'] as const;
/** What the hub asks for itself, before it rolls anything out. */
export const HUB_ASKS = ['schemas', 'dryRun'] as const;
export type ApplicationAskKind = (typeof ASKS)[number];
export type AskKind = ApplicationAskKind | (typeof HUB_ASKS)[number];

const text = (limit: number) => z.string().max(limit);
const askShape = { protocol: z.number().int().min(0), cluster: uidSchema, id: askIdSchema };
/** `v1`, `apps/v1`. */
const groupVersionSchema = text(320);
/** As the API server names what it serves. */
const hashSchema = text(256);

const applicationAskSchema = z.object({ ...askShape, ask: z.enum(ASKS), application: nameSchema });
const schemasAskSchema = z.object({
  ...askShape,
  ask: z.literal('schemas'),
  /** Absent: which group versions there are. */
  groupVersion: groupVersionSchema.optional(),
});
const dryRunAskSchema = z.object({
  ...askShape,
  ask: z.literal('dryRun'),
  application: nameSchema,
  /** Of the bundle. */
  digest: digestSchema,
  chunks: z.number().int().min(1).max(1000),
  /** As the manifest has them. */
  namespace: nameSchema,
  serviceAccount: nameSchema.optional(),
  decryption: z.object({ secret: text(253) }).optional(),
});

/** The payload of a signed ask. A manifest has no `ask` and an ask no `applications`, so that neither passes for the other. */
export const askSchema = z.discriminatedUnion('ask', [applicationAskSchema, schemasAskSchema, dryRunAskSchema]);
export type Ask = z.output<typeof askSchema>;
export type ApplicationAsk = z.output<typeof applicationAskSchema>;
export type SchemasAsk = z.output<typeof schemasAskSchema>;
export type DryRunAsk = z.output<typeof dryRunAskSchema>;
const refShape = {
  apiVersion: text(253),
  kind: text(63),
  namespace: text(63).optional(),
  name: text(253),
};
export const liveRefSchema = z.object(refShape);
export type LiveRef = z.output<typeof liveRefSchema>;

/** `synced` as Git has it · `outOfSync` it differs · `missing` it is not there · `surplus` no longer in Git · `unknown` not looked at yet. */
export const SYNCS = ['synced', 'outOfSync', 'missing', 'surplus', 'unknown'] as const;
const HEALTHS = ['healthy', 'progressing', 'failed', 'suspended', 'missing', 'unknown'] as const;

/** One object, with those that it owns. */
export interface TreeNode extends LiveRef {
  /** Absent: it is not in Git, its owner made it. */
  readonly sync?: (typeof SYNCS)[number] | undefined;
  readonly health: (typeof HEALTHS)[number];
  readonly reason: string;
  readonly message: string;
  /** ISO 8601, the API server's word; absent: it is not there. */
  readonly createdAt?: string | undefined;
  readonly children: readonly TreeNode[];
}

export const treeNodeSchema: z.ZodType<TreeNode> = z
  .object({
    ...refShape,
    sync: z.enum(SYNCS).optional(),
    health: z.enum(HEALTHS),
    reason: text(128),
    message: text(1024),
    createdAt: text(40).optional(),
    get children() {
      return z.array(treeNodeSchema).max(10_000);
    },
  })
  .meta({ id: 'TreeNode' });

/** What every answer says first. */
const answerShape = {
  /** Generation that the agent holds; -1: none. */
  generation: z.number().int().min(-1),
  /** Git commit of it; empty: none. */
  revision: text(64),
  /** Says what was left out because there was too much of it; absent: nothing. */
  truncated: text(500).optional(),
};

export const treeAnswerSchema = z
  .object({ ...answerShape, objects: z.array(treeNodeSchema).max(10_000) })
  .meta({ id: 'TreeAnswer' });

/** An object as it is and as an apply would make it, without status and what the API server writes; values of Secrets are marks. */
export const objectDiffSchema = z
  .object({
    ...refShape,
    /** `added` an apply would create it · `changed` · `removed` a prune would delete it · `error` the API server refuses it. */
    change: z.enum(['added', 'changed', 'removed', 'error']),
    live: z.record(z.string(), z.unknown()).optional(),
    desired: z.record(z.string(), z.unknown()).optional(),
    /** Of `error`, in the API server's words; of a body that was too large to be sent, that it was. */
    message: text(1024).optional(),
  })
  .meta({ id: 'ObjectDiff' });

export const diffAnswerSchema = z
  .object({
    ...answerShape,
    /** How many objects are as Git has them. */
    same: z.number().int().min(0),
    objects: z.array(objectDiffSchema).max(10_000),
  })
  .meta({ id: 'DiffAnswer' });

export const liveEventSchema = z
  .object({
    /** What it is about. */
    about: liveRefSchema,
    type: text(32),
    reason: text(128),
    message: text(1024),
    count: z.number().int().min(1),
    /** ISO 8601, by the cluster's clock. */
    firstAt: text(40),
    lastAt: text(40),
    /** Who reported it. */
    source: text(253),
  })
  .meta({ id: 'LiveEvent' });

/** Kubernetes' own events of an application's objects and of what they own, the oldest first. */
export const eventsAnswerSchema = z
  .object({ ...answerShape, events: z.array(liveEventSchema).max(1000) })
  .meta({ id: 'EventsAnswer' });

/** What an agent says in place of an answer. */
export const askErrorSchema = z.object({
  error: z.object({ code: text(64), message: text(1024) }),
});

/** Most bytes of a group version's OpenAPI document, as the API server gives it. */
export const MAX_SCHEMAS_BYTES = 16 * 1024 * 1024;
/** Most group versions of one cluster. */
export const MAX_GROUP_VERSIONS = 2000;

/** Group versions with the hashes that the API server gives their OpenAPI documents: the SHA-512 of their bytes. */
export const apiIndexSchema = z
  .record(groupVersionSchema, hashSchema)
  .refine((all) => Object.keys(all).length <= MAX_GROUP_VERSIONS, `must have at most ${MAX_GROUP_VERSIONS} entries`);

/** The index, or one of its documents. */
export const schemasAnswerSchema = z.object({
  groupVersions: apiIndexSchema.optional(),
  document: z
    .object({
      groupVersion: groupVersionSchema,
      /** Gzip in base64 of the API server's own bytes, by which whoever reads it knows it for what the index names. */
      gzipped: text(MAX_ANSWER_BYTES),
    })
    .optional(),
});

export const dryRunAnswerSchema = z.object({
  /** How many objects the API server was asked to take, writing nothing. */
  tried: z.number().int().min(0),
  /** What could not be tried, and why, in a few words each. */
  left: z.array(z.object({ why: text(200), count: z.number().int().min(1) })).max(10),
  /** What it refuses, in its own words. */
  refused: z.array(z.object({ ...refShape, message: text(1024) })).max(20),
  /** How many more it refuses. */
  more: z.number().int().min(0),
});

export const answerSchemas = {
  tree: treeAnswerSchema,
  diff: diffAnswerSchema,
  events: eventsAnswerSchema,
  schemas: schemasAnswerSchema,
  dryRun: dryRunAnswerSchema,
} as const satisfies Record<AskKind, z.ZodType>;

export type TreeAnswer = z.output<typeof treeAnswerSchema>;
export type DiffAnswer = z.output<typeof diffAnswerSchema>;
export type ObjectDiff = z.output<typeof objectDiffSchema>;
export type EventsAnswer = z.output<typeof eventsAnswerSchema>;
export type LiveEvent = z.output<typeof liveEventSchema>;
export type AskError = z.output<typeof askErrorSchema>;
export type SchemasAnswer = z.output<typeof schemasAnswerSchema>;
export type DryRunAnswer = z.output<typeof dryRunAnswerSchema>;
