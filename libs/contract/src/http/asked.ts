import type { z } from 'zod';
import { diffAnswerSchema, eventsAnswerSchema, treeAnswerSchema } from '../asks.js';
import { clusterNameSchema, nameSchema } from '../primitives.js';
import { naturalSchema, timeSchema } from './basics.js';

/** What the hub says beside an agent's answer. */
const askedShape = {
  cluster: clusterNameSchema,
  application: nameSchema,
  /** When the answer came, by the hub's clock. */
  at: timeSchema,
  /** Generation that the hub assigned last; the agent's own is `generation`. */
  assigned: naturalSchema,
};

/** The objects of an application in a cluster, with what they own, as the agent sees them now. */
export const treeViewSchema = treeAnswerSchema.extend(askedShape).meta({ id: 'TreeView' });
/** What an apply would change in a cluster now. */
export const diffViewSchema = diffAnswerSchema.extend(askedShape).meta({ id: 'DiffView' });
/** Kubernetes' own events about an application's objects in a cluster. */
export const eventsViewSchema = eventsAnswerSchema.extend(askedShape).meta({ id: 'EventsView' });

export type TreeView = z.output<typeof treeViewSchema>;
export type DiffView = z.output<typeof diffViewSchema>;
export type EventsView = z.output<typeof eventsViewSchema>;
