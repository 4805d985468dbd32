import { z } from 'zod';
import { resourceSchema } from '../resources.js';
import { naturalSchema, reasonSchema } from './basics.js';

/** Most documents that are taken at once, by HTTP and by a commit: a fleet of 10,000 clusters, each declared, fits. */
export const MOST_DOCUMENTS = 30_000;
/** Bytes of a request that applies documents. */
export const MOST_APPLY_BYTES = 16 * 1024 * 1024;

export const applyRequestSchema = z.strictObject({
  /** Checked one by one, so that every bad document is named; written in one transaction or not at all. */
  documents: z
    .array(z.unknown())
    .min(1, 'must hold at least one document')
    .max(MOST_DOCUMENTS, `must hold at most ${MOST_DOCUMENTS} documents`),
  dryRun: z.boolean().default(false),
  reason: reasonSchema.optional(),
});

export const applyResultSchema = z.object({
  kind: z.string(),
  name: z.string(),
  /** `adopted`: a cluster that is taken in again as it was, with its agent. */
  result: z.enum(['created', 'configured', 'unchanged', 'adopted']),
  /** What was there before and what is wanted, both without status; with `dryRun`, for `flotilla diff`. */
  before: resourceSchema.nullable().optional(),
  after: resourceSchema.optional(),
});

export const applyAnswerSchema = z.object({ results: z.array(applyResultSchema) }).meta({ id: 'ApplyAnswer' });

export const syncAnswerSchema = z
  .object({
    source: z.string(),
    revision: z.string(),
    /** Whether the commit was new. */
    changed: z.boolean(),
    releases: z.array(z.object({ application: z.string(), release: naturalSchema, rollout: z.string().optional() })),
    /** Applications that could not be rendered at this commit, and why. */
    errors: z.array(z.object({ application: z.string(), message: z.string() })),
  })
  .meta({ id: 'SyncAnswer' });

export type ApplyAnswer = z.output<typeof applyAnswerSchema>;
export type ApplyResult = z.output<typeof applyResultSchema>;
export type SyncAnswer = z.output<typeof syncAnswerSchema>;
