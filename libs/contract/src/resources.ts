import { z } from 'zod';
import { brakeSpecSchema, FLEET_NAME, fleetSpecSchema, freezeSpecSchema } from './fleet-spec.js';
import { healthRulesSchema, ignoreDifferencesSchema } from './live-objects.js';
import { policySpecSchema } from './policy.js';
import { clusterNameSchema, labelsSchema, nameSchema, selectorSchema } from './primitives.js';
import { environmentsSchema, helmSchema, patchesSchema, PROMOTIONS, validationSchema } from './rendering.js';
import { sourceSpecSchema } from './sources.js';
import { strategySpecSchema } from './strategy.js';
import { nkeySchema } from './wire.js';

/** `apiVersion` of every declared object. */
export const API_VERSION = 'flotilla.dev/v1';

/** What the hub adds to metadata when it shows an object; taken back without a word, so that `get -o yaml` applies again. */
const shownMetadata = {
  generation: z.number().int().optional(),
  createdAt: z.string().max(40).optional(),
  updatedAt: z.string().max(40).optional(),
  /** The file and the source that declare it, where the fleet is declared in Git. */
  declaredBy: z.string().max(1000).optional(),
};

/** What makes objects of files. */
export const RENDERERS = ['auto', 'kustomize', 'helm', 'yaml'] as const;

const metadataSchema = z.strictObject({ name: nameSchema, ...shownMetadata });

/** Status is the hub's to write: shown by `get`, ignored by `apply`. */
const status = z.record(z.string(), z.unknown()).optional();

export const applicationSpecSchema = z.strictObject({
  /** Name of the Source. */
  source: nameSchema,
  /** Path template over labels and facts: `overlays/{{ labels.env }}`. */
  path: z.string().min(1, 'must name a folder of the source; "." is its root').max(512),
  /** `auto`: helm where `helm` is given or the source is a chart, kustomize where the folder has a kustomization, else plain YAML. */
  renderer: z.enum(RENDERERS, { error: 'must be auto, kustomize, helm or yaml' }).default('auto'),
  helm: helmSchema.optional(),
  /** What must differ in one place. */
  patches: patchesSchema.optional(),
  /** Where each environment has a ref of its own, in the order of promotion; none unless told. */
  environments: environmentsSchema.optional(),
  /** `ordered` unless told. */
  promotion: z.enum(PROMOTIONS, { error: 'must be ordered or free' }).optional(),
  /** What is looked at before the first wave; all of it unless told. */
  validation: validationSchema.optional(),
  /** What encrypted files are read with. */
  decryption: z
    .strictObject({
      /** Name of the Secret with age keys in the agent's own namespace. */
      secret: z
        .string()
        .max(253)
        .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, 'must be the name of a Secret'),
    })
    .optional(),
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
/**
 * Sets the labels of a cluster that is registered already. With `uid` and `agentKey`, as `flotilla export` writes them, a hub that
 * does not know the cluster takes it in again as it was: its agent goes on without joining anew.
 */
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
    spec: z
      .strictObject({
        /** The public key that its agent made when it joined. */
        agentKey: nkeySchema,
      })
      .optional(),
    status,
  })
  .meta({ id: 'Cluster' });

/** What every object is held to before it is rolled out. */
export const policySchema = z
  .strictObject({ ...api, kind: z.literal('Policy'), metadata: metadataSchema, spec: policySpecSchema, status })
  .meta({ id: 'Policy' });

const theOne = z.strictObject({
  name: z.literal(FLEET_NAME, { error: `must be ${FLEET_NAME}: there is one` }),
  ...shownMetadata,
});

/** Where the hub's own objects are declared; there is one at most. */
export const fleetSchema = z
  .strictObject({ ...api, kind: z.literal('Fleet'), metadata: theOne, spec: fleetSpecSchema, status })
  .meta({ id: 'Fleet' });
/** Freezes the whole fleet for as long as it is declared; there is one at most. */
export const freezeSchema = z
  .strictObject({ ...api, kind: z.literal('Freeze'), metadata: theOne, spec: freezeSpecSchema, status })
  .meta({ id: 'Freeze' });

/** Holds the cluster of that name for as long as it is declared: nothing new is assigned to it. */
export const holdDocumentSchema = z
  .strictObject({
    ...api,
    kind: z.literal('Hold'),
    metadata: z.strictObject({ name: clusterNameSchema, ...shownMetadata }),
    spec: brakeSpecSchema,
    status,
  })
  .meta({ id: 'HoldDocument' });

/** Pauses the application of that name: its rollout, or where none runs the next one, assigns nothing new until a person resumes. */
export const pauseDocumentSchema = z
  .strictObject({ ...api, kind: z.literal('Pause'), metadata: metadataSchema, spec: brakeSpecSchema, status })
  .meta({ id: 'PauseDocument' });

/** Every kind that `flotilla apply -f` takes. */
export const resourceSchemas = {
  Source: sourceSchema,
  Strategy: strategySchema,
  Application: applicationSchema,
  Cluster: clusterSchema,
  Policy: policySchema,
  Fleet: fleetSchema,
  Freeze: freezeSchema,
  Hold: holdDocumentSchema,
  Pause: pauseDocumentSchema,
} as const;

export const resourceSchema = z.discriminatedUnion(
  'kind',
  [
    sourceSchema,
    strategySchema,
    applicationSchema,
    clusterSchema,
    policySchema,
    fleetSchema,
    freezeSchema,
    holdDocumentSchema,
    pauseDocumentSchema,
  ],
  {
    error: 'must be one of the kinds Source, Strategy, Application, Cluster, Policy, Fleet, Freeze, Hold, Pause',
  },
);

export type ApplicationSpec = z.output<typeof applicationSpecSchema>;
export type Resource = z.output<typeof resourceSchema>;
