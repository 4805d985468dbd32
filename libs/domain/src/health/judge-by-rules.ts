import type { JsonObject } from '../json.js';
import { hasHealthRules } from './assess-object.js';
import { boundedCopy } from './bounded-copy.js';
import { kindKeyOf, valueAt } from './conditions.js';
import { type HealthExpression, readExpression } from './health-expression.js';
import type { HealthRule } from './health-rule.js';
import { type HealthVerdict, type RuleJudge, verdict } from './verdict.js';

/** Loops go so often over an object, and each turn may compare all of its values: the product of both at most. */
const MAX_WORK = 1_000_000;

const VERDICTS = ['failed', 'suspended', 'progressing', 'healthy'] as const;
const REASONS = {
  failed: 'RuleFailed',
  suspended: 'RuleSuspended',
  progressing: 'RuleProgressing',
  healthy: 'RuleHealthy',
} as const;
const KIND = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/[A-Z][A-Za-z0-9]{0,62}$/;

/** Why this is no rule for a custom resource, as a sentence that names the field and the mend; null: it is one. */
export function healthRuleProblem(rule: HealthRule): string | null {
  if (!KIND.test(rule.kind)) return 'kind must be a group and a kind, such as cert-manager.io/Certificate';
  if (hasHealthRules(rule.kind)) {
    return `kind must be a custom resource: ${rule.kind} has rules of its own`;
  }
  const { asked, message } = readRule(rule);
  if (asked.length === 0) return 'healthy, failed, progressing or suspended must be given, as CEL over object';
  for (const { name, expression } of asked) if (expression.problem !== null) return `${name} ${expression.problem}`;
  return message === null || message.problem === null ? null : `message ${message.problem}`;
}

/**
 * What an application's rules say of an object; of two for the same kind the first counts. A rule that fails says `unknown`, never
 * healthy, and so does one that can't be read. Bounded: an object that is too big to be looked at is unknown too.
 */
export function judgeByRules(rules: readonly HealthRule[]): RuleJudge {
  const byKind = new Map<string, ReadRule>();
  for (const rule of rules) if (!byKind.has(rule.kind)) byKind.set(rule.kind, readRule(rule));
  return (object) => {
    const rule = byKind.get(kindKeyOf(object));
    return rule === undefined ? null : assessByRule(rule, object);
  };
}

interface ReadRule {
  readonly kind: string;
  /** In the order in which they are asked. */
  readonly asked: readonly { readonly name: (typeof VERDICTS)[number]; readonly expression: HealthExpression }[];
  readonly message: HealthExpression | null;
  /** How deep the deepest loops are nested. */
  readonly nested: number;
}

function readRule(rule: HealthRule): ReadRule {
  const asked = VERDICTS.flatMap((name) => {
    const text = rule[name];
    return text === undefined ? [] : [{ name, expression: readExpression(text, 'bool') }];
  });
  const message = rule.message === undefined ? null : readExpression(rule.message, 'string');
  const nested = Math.max(message?.nested ?? 0, ...asked.map(({ expression }) => expression.nested));
  return { kind: rule.kind, asked, message, nested };
}

/** Null: it says nothing, so that the common rules decide. */
function assessByRule(rule: ReadRule, object: JsonObject): HealthVerdict | null {
  const { copy, problem, values, longest } = boundedCopy(object);
  const isSlow = rule.nested > 0 && longest ** rule.nested * values > MAX_WORK;
  if (problem !== null || isSlow) {
    const why = problem ?? `its longest list has ${longest} entries, and it has ${values} values: too many for loops`;
    return verdict('unknown', 'ObjectTooLarge', `${rule.kind}: ${why}`);
  }
  for (const { name, expression } of rule.asked) {
    const { value, problem: failure } = expression.ask(copy);
    if (failure !== undefined) {
      // Before its controller has said anything there is nothing for a rule to look at.
      if (valueAt(object, 'status') === undefined && expression.problem === null) {
        return verdict('progressing', 'NotObserved', 'its controller has written no status yet');
      }
      return verdict('unknown', 'RuleError', `the rule ${name} of ${rule.kind} failed: ${failure}`);
    }
    if (value === true) return verdict(name, REASONS[name], messageOf(rule, copy));
  }
  if (rule.asked.every(({ name }) => name !== 'healthy')) return null;
  return verdict('progressing', 'RuleNotMet', messageOf(rule, copy) || `the rule healthy of ${rule.kind} is not met`);
}

/** A message that cannot be made changes no verdict. */
function messageOf({ message }: ReadRule, copy: unknown): string {
  if (message === null) return '';
  const { value, problem } = message.ask(copy);
  return typeof value === 'string' ? value : `(no message: ${problem})`;
}
