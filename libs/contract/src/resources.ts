import {
  DEFAULT_STRATEGY,
  parseDuration,
  STRATEGY_DEFAULTS,
  WAVE_DEFAULTS,
  type Count,
  type StrategySpec,
  type WaveSpec,
} from '#domain';
import { z } from 'zod';
import {
  atLeastOneSchema,
  clusterNameSchema,
  countSchema,
  durationSchema,
  labelsSchema,
  nameSchema,
  selectorSchema,
} from './primitives.js';

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
  /** How often it is looked at. */
  interval: durationSchema.default('1m').refine((text) => (parseDuration(text) ?? 0) >= 5000, 'must be at least 5s'),
});

const waveSchema = z
  .strictObject({
    name: nameSchema,
    selector: selectorSchema.optional(),
    take: atLeastOneSchema.optional(),
    maxConcurrency: atLeastOneSchema.optional(),
    maxFailures: countSchema.optional(),
    maxUnreachable: countSchema.optional(),
    ackTimeout: durationSchema.optional(),
    progressDeadline: durationSchema.optional(),
    healthyFor: durationSchema.optional(),
    soak: durationSchema.optional(),
  })
  .superRefine((wave, context) => {
    const healthyFor = parseDuration(wave.healthyFor ?? '') ?? WAVE_DEFAULTS.healthyForMs;
    const deadline = parseDuration(wave.progressDeadline ?? '') ?? WAVE_DEFAULTS.progressDeadlineMs;
    if (deadline <= healthyFor) {
      context.addIssue({
        code: 'custom',
        path: ['progressDeadline'],
        message: 'must be longer than healthyFor, or no cluster could ever pass',
      });
    }
  });

export const strategySpecSchema = z
  .strictObject({
    waves: z.array(waveSchema).min(1, 'must have at least one wave').max(50, 'must have at most 50 waves'),
    onFailure: z.enum(['pause', 'rollback'], { error: 'must be pause or rollback' }).optional(),
    supersede: z.enum(['replace', 'queue'], { error: 'must be replace or queue' }).optional(),
    rollback: z.strictObject({ maxConcurrency: atLeastOneSchema.optional() }).optional(),
    maxDeletions: countSchema.optional(),
  })
  .superRefine((strategy, context) => {
    const seen = new Set<string>();
    strategy.waves.forEach((wave, index) => {
      if (seen.has(wave.name)) {
        context.addIssue({
          code: 'custom',
          path: ['waves', index, 'name'],
          message: `is the name of an earlier wave too (${wave.name}): names are unique`,
        });
      }
      seen.add(wave.name);
    });
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
export type StrategyDocumentSpec = z.output<typeof strategySpecSchema>;
export type Resource = z.output<typeof resourceSchema>;

/** The engine's strategy from the document: durations in milliseconds, defaults filled in. */
export function toStrategySpec(spec: StrategyDocumentSpec): StrategySpec {
  const ms = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
  const count = (value: Count | undefined, otherwise: Count): Count => value ?? otherwise;
  return {
    onFailure: spec.onFailure ?? STRATEGY_DEFAULTS.onFailure,
    supersede: spec.supersede ?? STRATEGY_DEFAULTS.supersede,
    rollback: { maxConcurrency: count(spec.rollback?.maxConcurrency, STRATEGY_DEFAULTS.rollback.maxConcurrency) },
    maxDeletions: count(spec.maxDeletions, STRATEGY_DEFAULTS.maxDeletions),
    waves: spec.waves.map((wave): WaveSpec => ({
      name: wave.name,
      ...(wave.selector && { selector: wave.selector }),
      ...(wave.take !== undefined && { take: wave.take }),
      maxConcurrency: count(wave.maxConcurrency, WAVE_DEFAULTS.maxConcurrency),
      maxFailures: count(wave.maxFailures, WAVE_DEFAULTS.maxFailures),
      maxUnreachable: count(wave.maxUnreachable, WAVE_DEFAULTS.maxUnreachable),
      ackTimeoutMs: ms(wave.ackTimeout, WAVE_DEFAULTS.ackTimeoutMs),
      progressDeadlineMs: ms(wave.progressDeadline, WAVE_DEFAULTS.progressDeadlineMs),
      healthyForMs: ms(wave.healthyFor, WAVE_DEFAULTS.healthyForMs),
      soakMs: ms(wave.soak, WAVE_DEFAULTS.soakMs),
    })),
  };
}

export { DEFAULT_STRATEGY };
