import { parseDuration } from '#domain';
import { z } from 'zod';
import { healthRulesSchema, ignoreDifferencesSchema } from './live-objects.js';
import { clusterNameSchema, durationSchema, labelsSchema, nameSchema, selectorSchema } from './primitives.js';
import { strategySpecSchema } from './strategy.js';

/** `apiVersion` of every declared object. */
export const API_VERSION = 'flotilla.dev/v1';

/** What the hub adds to metadata when it shows an object; taken back without a word, so that `get -o yaml` applies again. */
const shownMetadata = {
  generation: z.number().int().optional(),
  createdAt: z.string().max(40).optional(),
  updatedAt: z.string().max(40).optional(),
};

const metadataSchema = z.strictObject({ name: nameSchema, ...shownMetadata });

/** Status is the hub's to write: shown by `get`, ignored by `apply`. */
const status = z.record(z.string(), z.unknown()).optional();

export const sourceSpecSchema = z.strictObject({
  /** `https://…`, `ssh://…`, `git@host:path`, or where the hub allows it a local path. */
  url: z.string().min(1, 'must name a Git repository').max(2048),
  /** Branch, tag or commit. */
  ref: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^-\s~^:?*[\\][^\s~^:?*[\\]*$/, 'must be a branch, a tag or a commit id')
    .default('main'),
  /** Name of the credential that it is read with; as anybody unless told. */
  credential: nameSchema.optional(),
  /** How often it is looked at. */
  interval: durationSchema.default('1m').refine((text) => (parseDuration(text) ?? 0) >= 5000, 'must be at least 5s'),
});

export const applicationSpecSchema = z.strictObject({
  /** Name of the Source. */
  source: nameSchema,
  /** Path template over labels and facts: `overlays/{{ labels.env }}`. */
  path: z.string().min(1, 'must name a folder of the source; "." is its root').max(512),
  renderer: z.enum(['auto', 'kustomize', 'yaml'], { error: 'must be auto, kustomize or yaml' }).default('auto'),
  /** Which clusters take it; empty: all. */
  placement: z.strictObject({ selector: selectorSchema.optional() }).default({}),
  /** Name of a Strategy; `default` is shipped. */
  strategy: nameSchema.default('default'),
  /** Namespace for namespaced objects that name none. */
  namespace: nameSchema.default('default'),
  drift: z.enum(['report', 'correct', 'off'], { error: 'must be report, correct or off' }).default('correct'),
  /** Fields that others may set: no drift, and not put back. */
  ignoreDifferences: ignoreDifferencesSchema.default([]),
  /** What custom resources' health is, as CEL over them. */
  health: healthRulesSchema.default([]),
  /** Service account in `namespace` as which everything is applied; the agent itself unless told. */
  serviceAccount: nameSchema.optional(),
});

const api = { apiVersion: z.literal(API_VERSION, { error: `must be ${API_VERSION}` }) };

export const sourceSchema = z
  .strictObject({ ...api, kind: z.literal('Source'), metadata: metadataSchema, spec: sourceSpecSchema, status })
  .meta({ id: 'Source' });
export const strategySchema = z
  .strictObject({ ...api, kind: z.literal('Strategy'), metadata: metadataSchema, spec: strategySpecSchema, status })
  .meta({ id: 'Strategy' });
export const applicationSchema = z
  .strictObject({
    ...api,
    kind: z.literal('Application'),
    metadata: metadataSchema,
    spec: applicationSpecSchema,
    status,
  })
  .meta({ id: 'Application' });
/** Sets the labels of a cluster that is registered already; it never registers one. */
export const clusterSchema = z
  .strictObject({
    ...api,
    kind: z.literal('Cluster'),
    metadata: z.strictObject({
      name: clusterNameSchema,
      uid: z.string().max(64).optional(),
      labels: labelsSchema.default({}),
      ...shownMetadata,
    }),
    status,
  })
  .meta({ id: 'Cluster' });

/** Every kind that `flotilla apply -f` takes. */
export const resourceSchemas = {
  Source: sourceSchema,
  Strategy: strategySchema,
  Application: applicationSchema,
  Cluster: clusterSchema,
} as const;

export const resourceSchema = z.discriminatedUnion(
  'kind',
  [sourceSchema, strategySchema, applicationSchema, clusterSchema],
  {
    error: 'must be one of the kinds Source, Strategy, Application, Cluster',
  },
);

export type SourceSpec = z.output<typeof sourceSpecSchema>;
export type ApplicationSpec = z.output<typeof applicationSpecSchema>;
export type Resource = z.output<typeof resourceSchema>;
