import { z } from 'zod';
import { nameSchema } from '../primitives.js';
import { naturalSchema, pageQuerySchema, timeSchema } from './basics.js';

/** What one rule of a policy said of an application when it was asked last, or the last time that it said something. */
export const policyFindingSchema = z
  .object({
    policy: z.string(),
    rule: z.string(),
    application: z.string(),
    /** `refused`: there is no release because of it. `warned`: it was told beside the release, or is of what is released already. */
    outcome: z.enum(['refused', 'warned']),
    message: z.string(),
    /** The first few, as `Deployment shop/web`; and how many were counted. */
    objects: z.array(z.string()),
    objectCount: naturalSchema,
    /** Names of the first few, and of how many it is. */
    clusters: z.array(z.string()),
    clusterCount: naturalSchema,
    since: timeSchema,
    /** When it was no more; absent: it stands. Kept for 30 days. */
    until: timeSchema.optional(),
  })
  .meta({ id: 'PolicyFinding' });

export const policyFindingQuerySchema = pageQuerySchema.extend({
  policy: nameSchema.optional(),
  application: nameSchema.optional(),
});

export type PolicyFindingView = z.output<typeof policyFindingSchema>;
