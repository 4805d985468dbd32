import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import type { JsonObject } from '../json.js';
import { boundedCopy } from './bounded-copy.js';
import { kindKeyOf, valueAt } from './conditions.js';
import { verdict, type HealthVerdict } from './verdict.js';

/** What an application says of a custom resource's health: CEL over `object`, the live object. */
export interface HealthRule {
  /** `group/Kind`, as in `postgresql.cnpg.io/Cluster`. */
  readonly kind: string;
  /** Asked in this order; the first that is true decides. Where none is: progressing if `healthy` is given, else the common rules. */
  readonly failed?: string;
  readonly suspended?: string;
  readonly progressing?: string;
  readonly healthy?: string;
  /** A text to say beside the verdict. */
  readonly message?: string;
}

/** Most characters of one expression. */
export const MAX_HEALTH_EXPRESSION = 500;
/** So many loops in one expression at most, and so many inside one another. */
const MAX_LOOPS = 4;
const MAX_NESTED_LOOPS = 2;
/** Loops go so often over an object, and each turn may compare all of its values: the product of both at most. */
const MAX_WORK = 1_000_000;

const VERDICTS = ['failed', 'suspended', 'progressing', 'healthy'] as const;
const LOOPS = new Set(['all', 'exists', 'exists_one', 'filter']);
/**
 * What costs no more than its arguments are long. Left out: `matches`, whose pattern may take for ever; `map`, `split`, `join` and
 * `bind`, which make big things out of small ones.
 */
const CALLS = new Set([
  ...LOOPS,
  ...['has', 'size', 'startsWith', 'endsWith', 'contains', 'lowerAscii', 'upperAscii', 'trim'],
  ...['int', 'uint', 'double', 'string', 'bool', 'dyn', 'type', 'orValue', 'or', 'hasValue', 'timestamp', 'duration'],
]);
const KIND = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/[A-Z][A-Za-z0-9]{0,62}$/;

let made: Environment | undefined;

/** Made when the first rule is looked at: most agents have none. */
function cel(): Environment {
  return (made ??= new Environment({
    enableOptionalTypes: true,
    limits: { maxAstNodes: 100, maxDepth: 30, maxListElements: 50, maxMapEntries: 10, maxCallArguments: 4 },
  }).registerVariable('object', 'map'));
}

/**
 * Why this is no rule, as a sentence that names the field and the mend; null: it is one. For the place where it is declared.
 * @param hasOwnRules whether a kind is one that health has rules for already.
 */
export function ruleProblem(rule: HealthRule, hasOwnRules: (kind: string) => boolean): string | null {
  if (!KIND.test(rule.kind)) return 'kind must be a group and a kind, such as cert-manager.io/Certificate';
  if (hasOwnRules(rule.kind)) return `kind must be a custom resource: ${rule.kind} has rules of its own`;
  if (VERDICTS.every((name) => rule[name] === undefined)) {
    return 'healthy, failed, progressing or suspended must be given, as CEL over object';
  }
  for (const name of VERDICTS) {
    const problem = rule[name] === undefined ? null : expressionProblem(rule[name], 'bool');
    if (problem !== null) return `${name} ${problem}`;
  }
  const problem = rule.message === undefined ? null : expressionProblem(rule.message, 'string');
  return problem === null ? null : `message ${problem}`;
}

/**
 * What the rule says of an object; null: nothing, so that the common rules decide. A rule that fails says `unknown`, never healthy.
 * Bounded: an object that is too big to be looked at is unknown too.
 */
export function assessByRule(rule: HealthRule, object: JsonObject): HealthVerdict | null {
  const { copy, problem, values, longest } = boundedCopy(object);
  const nested = nestingOf(rule);
  const isSlow = nested > 0 && longest ** nested * values > MAX_WORK;
  if (problem !== null || isSlow) {
    const why = problem ?? `its longest list has ${longest} entries, and it has ${values} values: too many for loops`;
    return verdict('unknown', 'ObjectTooLarge', `${rule.kind}: ${why}`);
  }
  for (const name of VERDICTS) {
    const text = rule[name];
    if (text === undefined) continue;
    const { value, problem: failure } = evaluated(text, 'bool', copy);
    if (failure !== undefined) {
      // Before its controller has said anything there is nothing for a rule to look at.
      if (valueAt(object, 'status') === undefined) {
        return verdict('progressing', 'NotObserved', 'its controller has written no status yet');
      }
      return verdict('unknown', 'RuleError', `the rule ${name} of ${rule.kind} failed: ${failure}`);
    }
    if (value === true) return verdict(name, reasonOf[name], messageOf(rule, copy));
  }
  if (rule.healthy === undefined) return null;
  return verdict('progressing', 'RuleNotMet', messageOf(rule, copy) || `the rule healthy of ${rule.kind} is not met`);
}

const reasonOf = {
  failed: 'RuleFailed',
  suspended: 'RuleSuspended',
  progressing: 'RuleProgressing',
  healthy: 'RuleHealthy',
} as const;

/** A message that cannot be made changes no verdict. */
function messageOf(rule: HealthRule, copy: unknown): string {
  if (rule.message === undefined) return '';
  const { value, problem } = evaluated(rule.message, 'string', copy);
  return typeof value === 'string' ? value : `(no message: ${problem})`;
}

interface Evaluated {
  readonly value?: unknown;
  readonly problem?: string;
}

function evaluated(text: string, type: 'bool' | 'string', copy: unknown): Evaluated {
  const problem = expressionProblem(text, type);
  if (problem !== null) return { problem };
  try {
    const value: unknown = cel().evaluate(text, { object: copy });
    const fits = typeof value === (type === 'bool' ? 'boolean' : 'string');
    return fits ? { value } : { problem: `it says ${type === 'bool' ? 'neither true nor false' : 'no text'}` };
  } catch (error) {
    return { problem: firstLine(error) };
  }
}

function expressionProblem(text: string, type: 'bool' | 'string'): string | null {
  const example = type === 'bool' ? 'object.status.phase == "Ready"' : 'object.status.message';
  if (text.trim() === '') return `must be CEL over object, such as ${example}`;
  if (text.length > MAX_HEALTH_EXPRESSION) return `must have at most ${MAX_HEALTH_EXPRESSION} characters`;
  const checked = cel().check(text);
  if (!checked.valid) return `must be CEL over object, such as ${example} (${firstLine(checked.error)})`;
  if (checked.type !== type && checked.type !== 'dyn') {
    return `must be ${type === 'bool' ? 'true or false' : 'a text'}, as ${example} is, and is ${checked.type ?? 'something else'}`;
  }
  return costOf(cel().parse(text).ast).problem;
}

/** How deep the deepest loops of a rule are nested. */
function nestingOf(rule: HealthRule): number {
  const texts = [...VERDICTS.map((name) => rule[name]), rule.message].filter((text) => text !== undefined);
  return Math.max(...texts.map((text) => (cel().check(text).valid ? costOf(cel().parse(text).ast).nested : 0)));
}

/** Why an expression might take long, however short it is (null: it cannot), and how deep its loops are nested. */
function costOf(ast: ASTNode): { readonly problem: string | null; readonly nested: number } {
  let loops = 0;
  let nested = 0;
  const visit = (node: ASTNode, depth: number): string | null => {
    if (node.op === '+' && depth > 0) return 'must not add within a loop';
    let inside = depth;
    if (node.op === 'call' || node.op === 'rcall') {
      const name = node.args[0];
      if (!CALLS.has(name)) return `must not use ${name}; it may use ${[...CALLS].join(', ')}`;
      if (LOOPS.has(name)) {
        loops += 1;
        inside += 1;
        nested = Math.max(nested, inside);
      }
    }
    if (loops > MAX_LOOPS) return `must not have more than ${MAX_LOOPS} of ${[...LOOPS].join(', ')}`;
    if (inside > MAX_NESTED_LOOPS) return `must not have more than ${MAX_NESTED_LOOPS} loops inside one another`;
    return firstOf(childrenOf(node.args), (child) => visit(child, inside));
  };
  return { problem: visit(ast, 0), nested };
}

function firstOf<T>(list: readonly T[], problemOf: (each: T) => string | null): string | null {
  for (const each of list) {
    const problem = problemOf(each);
    if (problem !== null) return problem;
  }
  return null;
}

function childrenOf(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

/** The library shows the place on further lines. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : 'it does not parse';
  return (text.split('\n')[0] ?? '').slice(0, 200);
}

/** The rule of an application for an object, if it has one. */
export function ruleFor(rules: readonly HealthRule[], object: JsonObject): HealthRule | undefined {
  const kind = kindKeyOf(object);
  return rules.find((rule) => rule.kind === kind);
}
