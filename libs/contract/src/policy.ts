import { MAX_POLICY_EXPRESSION } from '#domain';
import { policyExpressionProblem } from '#domain/policies';
import { z } from 'zod';
import { nameSchema, objectLike, selectorSchema } from './primitives.js';

const KIND = /^(\*|([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Z][A-Za-z0-9]{0,62})$/;
const KIND_LIKE = 'must be a kind such as apps/Deployment or Pod, or * for every kind';
const EXPRESSION_LIKE = 'must be CEL, such as containers.all(c, has(c.resources.limits))';

const ruleSchema = z.strictObject(
  {
    name: nameSchema,
    /** CEL over `object`, `containers`, `cluster` and `application`: true where the object is fine. */
    expression: z
      .string({ error: EXPRESSION_LIKE })
      .max(MAX_POLICY_EXPRESSION, { error: `must have at most ${MAX_POLICY_EXPRESSION} characters`, abort: true })
      .superRefine((text, context) => {
        const problem = policyExpressionProblem(text);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      }),
    /** What is told where it is not. */
    message: z.string({ error: 'must be a sentence that says what to mend' }).min(1, 'must say what to mend').max(300),
  },
  objectLike('{name: no-latest, expression: "…", message: name a version}'),
);

/** What this hub wants of every object that it rolls out. */
export const policySpecSchema = z.strictObject({
  /** `refuse` makes no release of it · `warn` says so beside it. */
  mode: z.enum(['refuse', 'warn'], { error: 'must be refuse or warn' }),
  match: z.strictObject(
    {
      kinds: z
        .array(z.string({ error: KIND_LIKE }).max(320).regex(KIND, KIND_LIKE), { error: 'must be a list of kinds' })
        .min(1, 'must name at least one kind, or *')
        .max(50, 'must have at most 50 kinds'),
      /** Clusters that it is for; all unless told. */
      selector: selectorSchema.optional(),
    },
    objectLike('{kinds: [apps/Deployment]}'),
  ),
  rules: z
    .array(ruleSchema, { error: 'must be a list of rules' })
    .min(1, 'must have at least one rule')
    .max(20, 'must have at most 20 rules')
    .superRefine((rules, context) => {
      rules.forEach(({ name }, index) => {
        if (rules.findIndex((each) => each.name === name) !== index)
          context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is there already` });
      });
    }),
});

export type PolicyDocumentSpec = z.output<typeof policySpecSchema>;
