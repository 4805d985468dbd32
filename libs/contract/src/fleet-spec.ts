import { z } from 'zod';
import { instantSchema } from './http/basics.js';
import { nameSchema } from './primitives.js';

/** The name of the one Fleet, and of the one Freeze. */
export const FLEET_NAME = 'fleet';

/** What becomes of what people do by hand to objects that Git declares. */
export const BY_HAND = ['report', 'refuse'] as const;

export const fleetSpecSchema = z.strictObject({
  /** Name of the Source whose commit declares the fleet. */
  source: nameSchema,
  /** Folder of it with the files, and with those of the folders in it; "." is its root. */
  path: z.string().min(1, 'must name a folder of the source; "." is its root').max(512).default('.'),
  /** `report`: shown as drift and put back with the next commit. `refuse`: refused, with the file to change. */
  byHand: z.enum(BY_HAND, { error: 'must be report or refuse' }).default('report'),
  /** Whether what the files do not declare any more is deleted, as far as they had declared it. */
  prune: z.boolean({ error: 'must be true or false' }).default(true),
  /** `manual`: a commit waits for `flotilla fleet apply`. */
  apply: z.enum(['automatic', 'manual'], { error: 'must be automatic or manual' }).default('automatic'),
});

const why = z.string({ error: 'must say why' }).trim().min(1, 'must say why').max(500);

/** Of a Hold, and of a Pause. */
export const brakeSpecSchema = z.strictObject({ reason: why });

export const freezeSpecSchema = z.strictObject({
  reason: why,
  /** Thaws by itself then. */
  until: instantSchema.optional(),
});

export type FleetSpec = z.output<typeof fleetSpecSchema>;
export type FreezeSpec = z.output<typeof freezeSpecSchema>;
