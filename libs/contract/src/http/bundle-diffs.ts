import { z } from 'zod';
import { digestSchema } from '../primitives.js';
import { naturalSchema } from './basics.js';

const release = z.coerce.number().int().min(1).max(2_147_483_647);

/** Two releases of the application, or two of its bundles by digest. */
export const bundleDiffQuerySchema = z
  .object({
    from: release.optional(),
    to: release.optional(),
    fromDigest: digestSchema.optional(),
    toDigest: digestSchema.optional(),
  })
  .refine(
    ({ from, to, fromDigest, toDigest }) =>
      fromDigest === undefined && toDigest === undefined
        ? from !== undefined && to !== undefined
        : from === undefined && to === undefined && fromDigest !== undefined && toDigest !== undefined,
    { path: ['from'], error: 'give from and to (releases), or fromDigest and toDigest' },
  );

export const bundledObjectDiffSchema = z.object({
  /** As `Kind namespace/name`, with the group where it has one: `apps/Deployment shop/web`. */
  object: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  /** A unified diff of both as YAML, without a header; values of Secrets are marks that tell only whether they are equal. */
  diff: z.string(),
  /** The diff was cut here, as it is too long to show. */
  cut: z.literal(true).optional(),
});

/**
 * The same change for everybody who has it: 400 clusters that go from one bundle to one other are one group, and so are those that go
 * from bundles of their own to others by the very same diffs.
 */
export const bundleDiffGroupSchema = z.object({
  /** Digests; null: this release has no such overlay. Of several pairs that change alike, the first. */
  from: digestSchema.nullable(),
  to: digestSchema.nullable(),
  /** How many pairs of bundles change so. */
  pairs: naturalSchema,
  overlays: z.array(z.string()),
  /** How many clusters are told one of the two now, and the names of some. */
  clusters: naturalSchema,
  names: z.array(z.string()),
  /** Objects that are the same in both. */
  unchanged: naturalSchema,
  objects: z.array(bundledObjectDiffSchema),
  /** How many more objects differ than are shown. */
  more: naturalSchema,
});

export const bundleDiffSchema = z
  .object({
    application: z.string(),
    from: naturalSchema.optional(),
    to: naturalSchema.optional(),
    /** The one that most clusters have first; what is the same in both releases is no group. */
    groups: z.array(bundleDiffGroupSchema),
    /** Overlays that are the same in both. */
    same: naturalSchema,
    /** Pairs of bundles that differ and were not looked at: there are too many, or one is not stored any more. */
    more: naturalSchema,
  })
  .meta({ id: 'BundleDiff' });

export type BundledObjectDiff = z.output<typeof bundledObjectDiffSchema>;
export type BundleDiffGroup = z.output<typeof bundleDiffGroupSchema>;
export type BundleDiff = z.output<typeof bundleDiffSchema>;
