import { z } from 'zod';
import { BY_HAND } from '../fleet-spec.js';
import { resourceSchema } from '../resources.js';
import { holdSchema, naturalSchema, reasonSchema, timeSchema } from './basics.js';

/** One object that a plan, or a commit, changes. */
export const fleetChangeSchema = z
  .object({
    kind: z.string(),
    name: z.string(),
    /** Where it is declared, by path in the source; of what is not declared any more: where it was. */
    file: z.string(),
    /** `released`: not declared any more, and left as it is. */
    change: z.enum(['created', 'configured', 'adopted', 'deleted', 'released']),
    before: resourceSchema.nullable(),
    after: resourceSchema.nullable(),
  })
  .meta({ id: 'FleetChange' });

/** What applying the files would do, or did. */
export const fleetPlanSchema = z
  .object({
    source: z.string(),
    path: z.string(),
    /** The commit that the files are of. */
    revision: z.string(),
    /** How many objects they declare. */
    objects: naturalSchema,
    changes: z.array(fleetChangeSchema),
    /** Why a commit is not applied by itself; absent: it is. */
    hold: z.object({ code: z.string(), message: z.string() }).optional(),
    dryRun: z.literal(true).optional(),
  })
  .meta({ id: 'FleetPlan' });

/** What is not as the files say that were applied last. */
export const fleetDriftSchema = z
  .object({
    kind: z.string(),
    name: z.string(),
    file: z.string(),
    change: z.enum(['changed', 'deleted']),
    /** As the file has it. */
    declared: resourceSchema,
    /** As it is; null: it is not there. */
    now: resourceSchema.nullable(),
    /** Who changed it last by hand since the files were applied, when and why; absent: it is not known. Told of the first 50. */
    by: z.string().optional(),
    at: timeSchema.optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'FleetDrift' });

export const fleetStatusSchema = z
  .object({
    source: z.string(),
    path: z.string(),
    byHand: z.enum(BY_HAND),
    prune: z.boolean(),
    apply: z.enum(['automatic', 'manual']),
    /**
     * `current`: the newest commit is applied. `drifted`: it is, and somebody changed something by hand. `pending`: it waits for
     * a person. `held`: it can't be applied, and `holds` says why. `new`: nothing was applied yet.
     */
    state: z.enum(['new', 'current', 'drifted', 'pending', 'held']),
    /** The source's commit now; absent: it could not be read yet. */
    revision: z.string().optional(),
    /** The commit that was applied last. */
    applied: z.object({ revision: z.string(), at: timeSchema, objects: naturalSchema }).optional(),
    holds: z.array(holdSchema),
    drift: z.array(fleetDriftSchema),
    /** Objects that no file declares, as `Kind/name`; at most 100. */
    undeclared: z.array(z.string()),
  })
  .meta({ id: 'FleetStatus' });

export const fleetApplyRequestSchema = z.strictObject({
  /** Deletes what the files do not declare any more, however much it is. */
  acceptDeletions: z.boolean().default(false),
  reason: reasonSchema.optional(),
});

export const exportSchema = z.object({ documents: z.array(resourceSchema) }).meta({ id: 'FleetExport' });

export type FleetChange = z.output<typeof fleetChangeSchema>;
export type FleetPlan = z.output<typeof fleetPlanSchema>;
export type FleetDrift = z.output<typeof fleetDriftSchema>;
export type FleetStatus = z.output<typeof fleetStatusSchema>;
export type FleetExport = z.output<typeof exportSchema>;
