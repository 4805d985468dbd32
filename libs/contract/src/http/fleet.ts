import { z } from 'zod';
import { holdSchema, naturalSchema } from './basics.js';
import { freezeViewSchema } from './commands.js';

export const fleetViewSchema = z
  .object({
    clusters: z.object({
      total: naturalSchema,
      ready: naturalSchema,
      offline: naturalSchema,
      waiting: naturalSchema,
      /** Being removed; see `flotilla cluster remove --withdraw`. */
      leaving: naturalSchema,
    }),
    /** Clusters whose every application is healthy and synced. */
    healthy: naturalSchema,
    applications: z.array(
      z.object({
        name: z.string(),
        release: naturalSchema.nullable(),
        revision: z.string().optional(),
        /** Clusters by health of this application. */
        health: z.record(z.string(), naturalSchema),
        rollout: z.object({ id: z.string(), state: z.string(), paused: z.boolean() }).optional(),
        holds: z.array(holdSchema),
      }),
    ),
    /** The whole fleet is frozen; absent: it is not. */
    freeze: freezeViewSchema.optional(),
  })
  .meta({ id: 'FleetView' });

export type FleetView = z.output<typeof fleetViewSchema>;
