import { parseDuration } from '#domain';
import { z } from 'zod';
import { durationSchema, nameSchema, objectLike } from './primitives.js';

/** `git` a repository · `helm` a chart of an HTTP chart repository · `oci` a chart of an OCI registry. */
export const SOURCE_TYPES = ['git', 'helm', 'oci'] as const;

/** The branch of a Git source that names none. */
export const DEFAULT_REF = 'main';

const rangeSchema = z
  .string({ error: 'must be a range of versions, such as ">=1.2 <2" (in quotes)' })
  .min(1, 'must be a range of versions, such as ">=1.2 <2"')
  .max(255);

/** Whom commits or tags must be signed by. */
export const verifySchema = z
  .strictObject(
    {
      /** What must bear a signature: the commit itself, or the tag that was resolved. */
      of: z.enum(['commit', 'tag'], { error: 'must be commit or tag' }).default('commit'),
      /** Public keys: armoured OpenPGP blocks, or SSH keys as in `authorized_keys`. */
      keys: z
        .array(z.strictObject({ name: z.string().min(1).max(200), key: z.string().min(1).max(32_768) }))
        .min(1, 'must have at least one key: nothing signed by nobody is ever taken')
        .max(50, 'must have at most 50 keys'),
      /** `require` takes nothing else · `report` takes it and says that nobody signed it. */
      mode: z.enum(['require', 'report'], { error: 'must be require or report' }).default('require'),
    },
    objectLike('{keys: [{name: Ann, key: "ssh-ed25519 AAAA…"}]}'),
  )
  .meta({ id: 'Verification' });

/** Which fields mean something for which type. */
const fieldsOf = {
  git: ['ref', 'semver', 'prereleases', 'rewrites', 'submodules', 'verify'],
  helm: ['chart', 'version', 'prereleases'],
  oci: ['version', 'prereleases'],
} as const;
const typed = [...new Set(Object.values(fieldsOf).flat())];

export const sourceSpecSchema = z
  .strictObject({
    type: z.enum(SOURCE_TYPES, { error: 'must be git, helm or oci' }).default('git'),
    /** `https://…`, `ssh://…`, `git@host:path`, or where the hub allows it a local path; of a registry `oci://host/path/chart`. */
    url: z.string().min(1, 'must name a Git repository, a chart repository or a chart in a registry').max(2048),
    /** Git: branch, tag or commit; `main` unless told. */
    ref: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[^-\s~^:?*[\\][^\s~^:?*[\\]*$/, 'must be a branch, a tag or a commit id')
      .optional(),
    /** Git: the newest tag within a range of versions, in place of `ref`. */
    semver: rangeSchema.optional(),
    /** Whether the range takes pre-releases such as 1.2.0-rc.1; only those that the range names itself unless told. */
    prereleases: z.boolean().optional(),
    /** Git: whether a branch or tag is followed whose history lost the commit that it was at; refused unless told, and what runs stays. */
    rewrites: z.enum(['refuse', 'follow'], { error: 'must be refuse or follow' }).optional(),
    /** Git: whether submodules are fetched, those at the same host as this repository; refused unless told. */
    submodules: z.boolean().optional(),
    /** Git: whose signatures are asked for. */
    verify: verifySchema.optional(),
    /** HTTP chart repository: the chart's name. */
    chart: z
      .string()
      .max(250)
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, 'must be the name of a chart')
      .optional(),
    /** Chart: a version, or a range of them; the newest one unless told. */
    version: rangeSchema.optional(),
    /** Name of the credential that it is read with; as anybody unless told. */
    credential: nameSchema.optional(),
    /** How often it is looked at. */
    interval: durationSchema.default('1m').refine((text) => (parseDuration(text) ?? 0) >= 5000, 'must be at least 5s'),
  })
  .superRefine((spec, context) => {
    const issue = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    const known: readonly string[] = fieldsOf[spec.type];
    for (const field of typed) {
      if (spec[field] !== undefined && !known.includes(field))
        issue(field, `means nothing to a source of type ${spec.type}: remove it, or mend spec.type`);
    }
    if (spec.ref !== undefined && spec.semver !== undefined) issue('semver', 'stands beside ref: keep one of them');
    if (spec.type === 'helm' && spec.chart === undefined) issue('chart', 'must name the chart in the repository');
    if (spec.type === 'helm' && !/^https?:\/\//.test(spec.url)) issue('url', 'must begin with https://');
    if (spec.type === 'oci' && !/^oci:\/\/[^/]+\/./.test(spec.url))
      issue('url', 'must name a chart in a registry: oci://registry.example.com/charts/web');
    if (spec.verify?.of === 'tag' && spec.ref === undefined && spec.semver === undefined)
      issue('verify', 'asks for signed tags: name a tag in ref, or a range in semver');
  })
  // Shown with what is in force.
  .overwrite((spec) =>
    spec.type === 'git' && spec.ref === undefined && spec.semver === undefined ? { ...spec, ref: DEFAULT_REF } : spec,
  );

export type SourceSpec = z.output<typeof sourceSpecSchema>;
