import { z } from 'zod';
import { nameSchema } from '../primitives.js';
import { naturalSchema, timeSchema } from './basics.js';
import { eventViewSchema } from './history.js';

export { CELL_STATES, type CellState } from '#domain';

/** Of one application instead of the worst of all: its state, and its release, cluster by cluster. */
export const cellsQuerySchema = z.object({ application: nameSchema.optional() });

/** A list with an index for each cluster: `of[i]` is the place in `values` of cluster `i`'s value, -1 where it has none. */
const columnSchema = z.object({ values: z.array(z.string()), of: z.array(z.number().int().min(-1)) });

/** Every cluster in the caller's scope, in columns, ordered by name: 10,000 of them are some hundred kilobytes. */
export const fleetCellsSchema = z
  .object({
    /** The id to go on from with `GET /api/v1/live`. */
    id: z.string(),
    at: timeSchema,
    application: z.string().optional(),
    names: z.array(z.string()),
    /** Places in CELL_STATES. */
    states: z.array(naturalSchema),
    labels: z.record(z.string(), columnSchema),
    facts: z.record(z.string(), columnSchema),
    /** With an application: the release that the cluster runs by its agent's word, and the one that it is told; 0: none, or not known. */
    runs: z.array(naturalSchema).optional(),
    told: z.array(naturalSchema).optional(),
  })
  .meta({ id: 'FleetCells' });

/** What changed in some clusters since the id before, in columns as above. */
export const cellChangesSchema = z
  .object({
    names: z.array(z.string()),
    states: z.array(naturalSchema),
    runs: z.array(naturalSchema).optional(),
    told: z.array(naturalSchema).optional(),
  })
  .meta({ id: 'CellChanges' });

/**
 * `cells`: also what changes in the fleet's grid; of one application with `application`. `after`: as the header `Last-Event-ID`,
 * for a browser, which can't set that on a stream that it opens anew.
 */
export const liveQuerySchema = z.object({
  after: z.string().max(200).optional(),
  cells: z.enum(['true', 'false'], { error: 'must be true or false' }).optional(),
  application: nameSchema.optional(),
});

/**
 * One message of the live stream, twice a second at most: what happened since the one before. `reset`: what was missed can't be
 * told any more, or clusters came, went or changed their labels: read everything again.
 */
export const liveBatchSchema = z
  .object({
    events: z.array(eventViewSchema),
    cells: cellChangesSchema.optional(),
    reset: z.literal(true).optional(),
  })
  .meta({ id: 'LiveBatch' });

export type FleetCells = z.output<typeof fleetCellsSchema>;
export type CellChanges = z.output<typeof cellChangesSchema>;
export type LiveBatch = z.output<typeof liveBatchSchema>;
