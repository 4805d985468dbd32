import type { JsonObject } from '#domain';
import { z } from 'zod';
import { nameSchema, objectLike, selectorSchema } from './primitives.js';

const pathTemplateSchema = z.string().min(1, 'must name a file').max(512);

/** What an application's own values may take, characters of JSON. */
const MAX_VALUES = 64 * 1024;

const valuesSchema = z.record(z.string(), z.unknown(), { error: 'must be an object of values' }).refine(
  (values) => JSON.stringify(values).length <= MAX_VALUES,
  `must have at most ${MAX_VALUES} characters`,
  // Read from JSON or YAML: there is nothing else in it.
) as unknown as z.ZodType<JsonObject, JsonObject>;

const valuesFileSchema = z.union(
  [
    pathTemplateSchema,
    z.strictObject({
      /** Name of the Source that it is in; the application's own unless told. */
      source: nameSchema.optional(),
      path: pathTemplateSchema,
      /** Whether it may be absent. */
      optional: z.boolean().optional(),
    }),
  ],
  { error: 'must be a path template, or an object such as {source: config, path: "{{ labels.env }}.yaml"}' },
);

/** How a Helm chart is rendered. */
export const helmSchema = z
  .strictObject(
    {
      /** The application's name unless told. */
      releaseName: z
        .string()
        .max(53, 'must have at most 53 characters')
        .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be lower-case letters, digits, dashes and dots')
        .optional(),
      /** Path templates over labels and facts; later files win over earlier ones, and all over the chart's own values.yaml. */
      valuesFiles: z.array(valuesFileSchema).max(20, 'must have at most 20 files').default([]),
      /** Win over all files. */
      values: valuesSchema.optional(),
      /** In place of what the clusters' agents tell, `1.33`. */
      kubeVersion: z
        .string()
        .regex(/^1\.\d{1,3}$/, 'must be a minor version such as "1.33" (in quotes)')
        .optional(),
      /** More than what the clusters' agents tell, `monitoring.coreos.com/v1`. */
      apiVersions: z.array(z.string().min(1).max(320)).max(200).default([]),
      /** Whether what is in the chart's crds/ is left out. */
      skipCrds: z.boolean().default(false),
      /**
       * What differs from render to render, as a password that the chart makes up: `refuse` is an error that names the template ·
       * `keep` takes it from the release before, and makes it up only where there is none.
       */
      random: z.enum(['refuse', 'keep'], { error: 'must be refuse or keep' }).default('refuse'),
    },
    objectLike('{valuesFiles: ["values/{{ labels.env }}.yaml"]}'),
  )
  .meta({ id: 'Helm' });

/** What a patch changes: a field that is absent lets any through; names are regular expressions, as kustomize has them. */
const patchTargetSchema = z.strictObject(
  {
    group: z.string().max(253).optional(),
    version: z.string().max(63).optional(),
    kind: z.string().max(253).optional(),
    name: z.string().max(253).optional(),
    namespace: z.string().max(253).optional(),
    labelSelector: z.string().max(1024).optional(),
    annotationSelector: z.string().max(1024).optional(),
  },
  objectLike('{kind: Deployment, name: web}'),
);

/** Changes of what was rendered, for the clusters that need them. */
export const patchesSchema = z
  .array(
    z.strictObject({
      /** The clusters that it is for; all unless told. */
      selector: selectorSchema.optional(),
      /** Needed where the patch does not name its object itself, as a list of JSON patches. */
      target: patchTargetSchema.optional(),
      /** YAML: a list of operations as in RFC 6902, or a part of an object (strategic merge). */
      patch: z.string().min(1, 'must be a patch').max(16_384),
    }),
    { error: 'must be a list of patches' },
  )
  .max(50, 'must have at most 50 patches')
  .meta({ id: 'Patches' });

/** One step of a promotion. */
const environmentSchema = z.strictObject(
  {
    name: nameSchema,
    /** Its clusters; of those that several select, the first one has them. */
    selector: selectorSchema.optional(),
    /** Name of the Source that they take; the application's own unless told. */
    source: nameSchema.optional(),
  },
  objectLike('{name: dev, selector: {matchLabels: {env: dev}}, source: web-dev}'),
);

/** The order in which a change goes from environment to environment, each on a ref of its own. */
export const environmentsSchema = z
  .array(environmentSchema, { error: 'must be a list of environments, the first one first' })
  .max(20, 'must have at most 20 environments')
  .superRefine((environments, context) => {
    environments.forEach(({ name }, index) => {
      if (environments.findIndex((each) => each.name === name) !== index)
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is there already` });
    });
  })
  .meta({ id: 'Environments' });

/** `ordered` a commit is taken by an environment when the one before runs it healthy · `free` whenever its ref has it. */
export const PROMOTIONS = ['ordered', 'free'] as const;

/** What is looked at before the first wave. */
export const validationSchema = z
  .strictObject(
    {
      /** Objects against the schemas that the clusters serve: `refuse` makes no release · `warn` says so beside it · `off`. */
      schema: z.enum(['refuse', 'warn', 'off'], { error: 'must be refuse, warn or off' }).default('refuse'),
      /** Whether the first wave's agents try everything at their API servers, writing nothing, before the rollout begins. */
      dryRun: z.boolean().default(true),
    },
    objectLike('{schema: warn, dryRun: false}'),
  )
  .meta({ id: 'Validation' });

export type HelmSpec = z.output<typeof helmSchema>;
export type PatchSpec = z.output<typeof patchesSchema>[number];
export type EnvironmentSpec = z.output<typeof environmentSchema>;
