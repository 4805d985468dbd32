import { type HealthRule, MAX_HEALTH_EXPRESSION } from '#domain';
import { healthRuleProblem } from '#domain/health-rules';
import { z } from 'zod';
import { nameSchema, objectLike } from './primitives.js';

/** Both lists travel in every manifest: together no more than so many characters of JSON each. */
const MAX_LIST_CHARACTERS = 8 * 1024;

const expression = z
  .string({ error: 'must be CEL over object, such as object.status.phase == "Ready"' })
  // Not told a second time by what looks at the rule as a whole.
  .max(MAX_HEALTH_EXPRESSION, { error: `must have at most ${MAX_HEALTH_EXPRESSION} characters`, abort: true })
  .optional();

const healthRuleShape = {
  /** `group/Kind`. */
  kind: z
    .string({ error: 'must be a group and a kind, such as cert-manager.io/Certificate' })
    .max(320, 'must have at most 320 characters'),
  failed: expression,
  suspended: expression,
  progressing: expression,
  healthy: expression,
  /** A text to say beside the verdict. */
  message: expression,
};

const healthRuleSchema = z
  .strictObject(healthRuleShape, objectLike('{kind: example.com/Widget, healthy: object.status.ready}'))
  .superRefine((rule, context) => {
    const problem = healthRuleProblem(compact(rule));
    if (problem === null) return;
    // The sentence begins with the field.
    const [field = '', ...rest] = problem.split(' ');
    const isField = Object.hasOwn(healthRuleShape, field);
    context.addIssue({
      code: 'custom',
      path: isField ? [field] : [],
      message: isField ? rest.join(' ') : problem,
    });
  });

/** CEL over custom resources: what their health is. */
export const healthRulesSchema = z
  .array(healthRuleSchema, { error: 'must be a list of rules' })
  .max(20, 'must have at most 20 rules')
  .refine(isShort, `must have at most ${MAX_LIST_CHARACTERS} characters in all`)
  .superRefine((rules, context) => {
    rules.forEach(({ kind }, index) => {
      const first = rules.findIndex((each) => each.kind === kind);
      if (first === index) return;
      const message = `${kind} has a rule already, health[${first}]: make one of them`;
      context.addIssue({ code: 'custom', path: [index, 'kind'], message });
    });
  })
  .meta({ id: 'HealthRules' });

const KIND = /^(\*|([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?([A-Z][A-Za-z0-9]{0,62}|\*))$/;
/** RFC 6901: `~` only as `~0` or `~1`. The whole object can't be ignored. */
const POINTER = /^(\/([^~/]|~0|~1)+)+$/;
/** What an object is known by is never somebody else's. */
const FIXED = /^\/(apiVersion|kind|metadata(\/(name|namespace|uid|managedFields)(\/.*)?)?)$/;

const KIND_LIKE = 'must be a kind such as apps/Deployment or ConfigMap, or * for every kind';
const POINTER_LIKE = 'must be a JSON pointer such as /spec/replicas; in a key, ~1 stands for / and ~0 for ~';
const named = (what: string, most: number) => {
  const error = `must be ${what}, at most ${most} characters`;
  return z.string({ error }).min(1, error).max(most, error);
};

const ignoreSchema = z
  .strictObject(
    {
      kind: z.string({ error: KIND_LIKE }).max(320, 'must have at most 320 characters').regex(KIND, KIND_LIKE),
      name: named("an object's name; leave it out for any", 253).optional(),
      namespace: nameSchema.optional(),
      jsonPointers: z
        .array(
          z
            .string({ error: POINTER_LIKE })
            .max(512, 'must have at most 512 characters')
            .regex(POINTER, POINTER_LIKE)
            .refine((pointer) => !FIXED.test(pointer), 'must not be a field by which the object is known'),
          { error: 'must be a list such as [/spec/replicas]' },
        )
        .max(50, 'must have at most 50 pointers')
        .optional(),
      managers: z
        .array(named("a field manager's name", 128), { error: 'must be a list such as [my-operator]' })
        .max(20, 'must have at most 20 managers')
        .optional(),
    },
    objectLike('{kind: apps/Deployment, jsonPointers: [/spec/replicas]}'),
  )
  .refine(
    ({ jsonPointers = [], managers = [] }) => jsonPointers.length + managers.length > 0,
    'must name jsonPointers or managers: what is ignored',
  )
  .refine(({ managers = [] }) => !managers.includes('flotilla'), {
    path: ['managers'],
    error: 'must not name flotilla: that would be all that is applied',
  });

/** What may differ from Git and is left as it is. */
export const ignoreDifferencesSchema = z
  .array(ignoreSchema, { error: 'must be a list of what may differ' })
  .max(50, 'must have at most 50 entries')
  .refine(isShort, `must have at most ${MAX_LIST_CHARACTERS} characters in all`)
  .meta({ id: 'IgnoreDifferences' });

function isShort(list: readonly unknown[]): boolean {
  return JSON.stringify(list).length <= MAX_LIST_CHARACTERS;
}

/** Without what was left out, as the domain has it. */
function compact(rule: z.output<z.ZodObject<typeof healthRuleShape>>): HealthRule {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as unknown as HealthRule;
}

/** The rules of an application as a manifest has them. */
export const toHealthRules = (rules: z.output<typeof healthRulesSchema>): readonly HealthRule[] => rules.map(compact);
