import { z } from 'zod';
import { nameSchema } from '../primitives.js';
import { reasonSchema, timeSchema } from './basics.js';

/** What can be rotated: the key that signs manifests, and the authority that signed what the hub and the bus show. */
export const ROTATABLE = ['manifest-key', 'ca'] as const;
export type Rotatable = (typeof ROTATABLE)[number];

/** Most clusters that a view names. */
export const MAX_WAITING_SHOWN = 100;

const entrySchema = z.object({
  id: z.string(),
  /** `next`: told to agents; `current`: in force; `old`: still told, as something may still show it; `gone`: about to be dropped. */
  state: z.enum(['next', 'current', 'old', 'gone']),
  /** Generation that told of it first. */
  since: z.number(),
});

const waitingClusterSchema = z.object({
  name: z.string(),
  online: z.boolean(),
  /** When it was last heard of. */
  seenAt: timeSchema.optional(),
  agentVersion: z.string().optional(),
  /** Generation that its agent holds; 0: it has never said. */
  held: z.number(),
});

export const trustViewSchema = z.object({
  /** Of what agents are told to believe. */
  generation: z.number(),
  /** In a sentence: what is going on, and whom it waits for. */
  status: z.string(),
  /** Whether a rotation is on its way. */
  rotating: z.boolean(),
  manifestKeys: z.array(entrySchema),
  /** `hub`: the hub makes and rotates its keys; `outside`: whoever keeps the file or the program does. */
  keptBy: z.enum(['hub', 'outside']),
  /** Why nothing can be signed, or a key can't be read. */
  problem: z.string().optional(),
  /** The hub's own; none where nothing shows a certificate of theirs. */
  authorities: z.array(entrySchema.extend({ until: timeSchema.optional() })),
  /** When the certificate that the hub made for itself and the bus ends; it is made anew 60 days before. */
  certificateUntil: timeSchema,
  /** Clusters that do not hold the present generation, those first that are waited for, at most 100. */
  behind: z.array(waitingClusterSchema),
  behindCount: z.number(),
  /** Clusters that a rotation goes on without: each must be joined again. */
  without: z.array(z.string()),
});

export const trustRotateRequestSchema = z.strictObject({
  what: z.enum(ROTATABLE, { error: `must be one of ${ROTATABLE.join(', ')}` }),
  reason: reasonSchema.optional(),
});

export const trustFinishRequestSchema = z
  .strictObject({
    /** Go on without these. */
    without: z.array(nameSchema).min(1).max(1000).optional(),
    /** Go on without everyone who is waited for. */
    all: z.literal(true).optional(),
    reason: reasonSchema.optional(),
  })
  .refine(({ without, all }) => (without === undefined) !== (all === undefined), {
    error: 'must name clusters by `without`, or say `all`, and not both',
  });

export type TrustView = z.output<typeof trustViewSchema>;
export type TrustRotateRequest = z.output<typeof trustRotateRequestSchema>;
export type TrustFinishRequest = z.output<typeof trustFinishRequestSchema>;
