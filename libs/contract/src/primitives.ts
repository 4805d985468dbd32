import { parseDuration, type Count } from '#domain';
import { z } from 'zod';

/** A DNS label: the name of every object of ours. */
export const nameSchema = z
  .string()
  .max(63, 'must have at most 63 characters')
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    'must be lower-case letters, digits and dashes, beginning and ending with a letter or digit',
  );

/** A cluster's name may have dots, as hosts have. */
export const clusterNameSchema = z
  .string()
  .max(63, 'must have at most 63 characters')
  .regex(
    /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/,
    'must be lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit',
  );

const labelKeySchema = z
  .string()
  .max(317)
  .regex(
    /^([a-z0-9]([-.a-z0-9]*[a-z0-9])?\/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/,
    'must be a label key as Kubernetes has them',
  );

const labelValueSchema = z
  .string({ error: 'must be a string: put it in quotes' })
  .max(63, 'must have at most 63 characters')
  .regex(/^([A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?)?$/, 'must be a label value as Kubernetes has them');

export const labelsSchema = z
  .record(labelKeySchema, labelValueSchema)
  .refine((labels) => Object.keys(labels).length <= 64, 'must have at most 64 labels')
  .refine(
    (labels) => !Object.keys(labels).some((key) => key.startsWith('fact.')),
    'keys that begin with "fact." are the agent\'s: choose another',
  );

/** `30s`, `5m`, `1h30m`, `0s`. */
export const durationSchema = z
  .string({ error: 'must be a duration such as 30s, 5m or 1h30m' })
  .refine((text) => parseDuration(text) !== null, 'must be a duration such as 30s, 5m or 1h30m, not negative')
  .meta({ id: 'Duration', description: 'A duration such as 30s, 5m or 1h30m' });

/** A duration within bounds, both included. */
export function durationBetween(least: string, most: string) {
  const [leastMs, mostMs] = [parseDuration(least) ?? 0, parseDuration(most) ?? 0];
  return durationSchema.refine(
    (text) => {
      const ms = parseDuration(text);
      return ms === null || (ms >= leastMs && ms <= mostMs);
    },
    `must be ${leastMs > 0 ? `between ${least} and ${most}` : `at most ${most}`}`,
  );
}

/** For a strict object: what stands in its place, if that is no object; unknown fields are named by their own issue. */
export const objectLike = (such: string) => ({
  error: ({ code }: { readonly code?: string | undefined }) =>
    code === 'invalid_type' ? `must be an object such as ${such}` : undefined,
});

/** An address that the hub itself calls. A password in it would be shown to everybody who may read the object. */
export const httpUrlSchema = z
  .string({ error: 'must be a URL such as https://example.com/path' })
  .max(2048, 'must have at most 2048 characters')
  .superRefine((text, context) => {
    const problem = httpUrlProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ id: 'HttpUrl', format: 'uri', description: 'http or https, without a user or password' });

function httpUrlProblem(text: string): string | null {
  if (!URL.canParse(text) || /\s/.test(text)) return 'must be a URL such as https://example.com/path';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return `must begin with https:// or http://, not ${url.protocol}`;
  if (url.username !== '' || url.password !== '') {
    return 'must not hold a user or password: whoever may read the strategy would read them';
  }
  if (url.hash !== '') return 'must not have a fragment (#…): it is never sent';
  return null;
}

/** A whole number, or a percentage such as `25%`. Typed by hand: a transform could not be told in a JSON schema. */
export const countSchema = z
  .union(
    [
      z.number().int('must be a whole number').min(0, 'must not be negative').max(1_000_000),
      z
        .string()
        .regex(/^(100(\.0+)?|[1-9]?\d(\.\d+)?)%$/, 'must be a whole number or a percentage between 0% and 100%'),
    ],
    { error: 'must be a whole number or a percentage between 0% and 100%' },
  )
  .meta({ id: 'Count', description: 'A whole number, or a percentage such as 25%' }) as unknown as z.ZodType<
  Count,
  Count
>;

/** A count of what must go on: none would wait for ever. A percentage is never less than one cluster. */
export const atLeastOneSchema = countSchema.refine((count) => count !== 0, 'must be at least 1, or a percentage');

const expressionSchema = z
  .strictObject({
    key: z.string().min(1).max(317),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist'], { error: 'must be In, NotIn, Exists or DoesNotExist' }),
    values: z.array(z.string().max(253)).max(256).optional(),
  })
  .refine(
    (expression) =>
      (expression.operator === 'In' || expression.operator === 'NotIn') ===
      (expression.values !== undefined && expression.values.length > 0),
    {
      path: ['values'],
      error: 'In and NotIn need values, Exists and DoesNotExist take none',
    },
  );

/** As Kubernetes' LabelSelector; keys with the prefix `fact.` look at facts. */
export const selectorSchema = z
  .strictObject({
    matchLabels: z.record(z.string().min(1).max(317), z.string().max(253)).optional(),
    matchExpressions: z.array(expressionSchema).max(32).optional(),
  })
  .meta({ id: 'Selector' });

/** Git object id. */
export const revisionSchema = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'must be a full commit id');

export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal');

export const uidSchema = z.uuid();

/** Whether PostgreSQL can store a text: it takes no U+0000, and in JSON no half of a surrogate pair. */
export const isStorable = (text: string): boolean => !/\u0000|\p{Surrogate}/u.test(text);
export const STORABLE = 'must not hold the character U+0000 or half of a surrogate pair';
