import { Environment } from '@marcbachmann/cel-js';
import { boundedCopy } from '../health/bounded-copy.js';
import { costOf, firstLine } from '../health/health-expression.js';
import type { JsonObject, JsonValue } from '../json.js';
import { matchesSelector, selectable } from '../selector.js';
import type { Labels } from '../cluster.js';
import type { Finding } from './check-bundle.js';
import { hiddenField } from './encrypted.js';
import { MAX_POLICY_EXPRESSION, type PolicySpec } from './policy.js';
import { listOf, mapOf } from './schema-document.js';
import { titleOf } from './title-of.js';

/** Loops go so often over an object, and each turn may compare all of its values: the product of both at most. */
const MAX_WORK = 4_000_000;
const EXAMPLE = 'containers.all(c, has(c.resources.limits))';

/** What a policy knows of where an object goes. */
export interface PolicyPlace {
  readonly cluster: { readonly name: string; readonly labels: Labels; readonly facts: Labels };
  readonly application: { readonly name: string; readonly namespace: string };
}

export interface NamedPolicy {
  readonly name: string;
  readonly spec: PolicySpec;
}

type Evaluate = (variables: Readonly<Record<string, unknown>>) => unknown;

interface ReadRule {
  readonly problem: string | null;
  readonly nested: number;
  readonly asksForCluster: boolean;
  readonly evaluate: Evaluate;
}

let made: Environment | undefined;

function cel(): Environment {
  return (made ??= new Environment({
    enableOptionalTypes: true,
    limits: { maxAstNodes: 300, maxDepth: 40, maxListElements: 100, maxMapEntries: 10, maxCallArguments: 4 },
  })
    .registerVariable('object', 'map')
    .registerVariable('containers', 'list')
    .registerVariable('cluster', 'map')
    .registerVariable('application', 'map'));
}

/** Why this is no expression of a policy, as a sentence's end; null: it is one. */
export function policyExpressionProblem(text: string): string | null {
  return readRule(text).problem;
}

function readRule(text: string): ReadRule {
  const none = (problem: string): ReadRule => {
    return { problem, nested: 0, asksForCluster: false, evaluate: () => undefined };
  };
  if (text.trim() === '') return none(`must be CEL, such as ${EXAMPLE}`);
  if (text.length > MAX_POLICY_EXPRESSION) return none(`must have at most ${MAX_POLICY_EXPRESSION} characters`);
  const checked = cel().check(text);
  if (!checked.valid) return none(`must be CEL, such as ${EXAMPLE} (${firstLine(checked.error)})`);
  if (checked.type !== 'bool' && checked.type !== 'dyn') {
    return none(`must say true or false, as ${EXAMPLE} does, and is ${checked.type ?? 'something else'}`);
  }
  const parsed = cel().parse(text);
  const { problem, nested } = costOf(parsed.ast);
  if (problem !== null) return none(problem);
  // Cautious: the word in a text counts too, and costs a few evaluations more.
  return {
    problem,
    nested,
    asksForCluster: /\bcluster\b/.test(text),
    evaluate: (variables): unknown => parsed(variables),
  };
}

/** Policies read once, and asked of many objects. */
export interface ReadPolicies {
  /** Whether what they say may differ from cluster to cluster. */
  readonly dependOnCluster: boolean;
  /** What they say of one object on its way to one cluster. */
  readonly judge: (object: JsonObject, place: PolicyPlace) => readonly Finding[];
}

/** A rule that can't be asked of an object counts as one that says no: nothing passes because it is odd. */
export function readPolicies(policies: readonly NamedPolicy[]): ReadPolicies {
  const read = policies.map(({ name, spec }) => ({
    ...{ name, spec, kinds: new Set(spec.match.kinds) },
    rules: spec.rules.map((rule) => ({ ...rule, read: readRule(rule.expression) })),
  }));
  const dependOnCluster = read.some(
    ({ spec, rules }) => spec.match.selector !== undefined || rules.some((rule) => rule.read.asksForCluster),
  );
  const judge = (object: JsonObject, place: PolicyPlace): readonly Finding[] => {
    const kind = kindOf(object);
    const asked = read.filter(
      ({ kinds, spec: { match } }) =>
        (kinds.has('*') || kinds.has(kind)) &&
        (match.selector === undefined || matchesSelector(match.selector, selectable(place.cluster))),
    );
    if (asked.length === 0) return [];
    const hidden = hiddenField(object);
    const { sops: _, ...seen } = object;
    const copied = boundedCopy(hidden === null ? seen : {}, Number.POSITIVE_INFINITY);
    const variables = {
      ...{ object: copied.copy, containers: boundedCopy({ all: containersOf(object) }, Number.POSITIVE_INFINITY).copy },
      ...{ cluster: place.cluster, application: place.application },
    };
    const shown = { ...variables, containers: (variables.containers as { all?: unknown } | null)?.all ?? [] };
    return asked.flatMap(({ name, spec: { mode }, rules }) =>
      rules.flatMap((rule): Finding[] => {
        const found = (message: string): Finding[] => [
          { severity: mode, rule: `policy/${name}/${rule.name}`, object: titleOf(object), message },
        ];
        const { problem, nested, evaluate } = rule.read;
        if (hidden !== null) {
          return found(
            `the rule can't be asked of it: ${hidden.slice(0, 200)} is encrypted, and what it is shows in the cluster alone; encrypt the data of Secrets and ConfigMaps alone`,
          );
        }
        if (problem !== null) return found(`the rule can't be asked: its expression ${problem}`);
        const work = copied.values * Math.max(1, copied.longest) ** nested;
        if (copied.problem !== null || work > MAX_WORK) {
          return found(`the object is too big for the rule to be asked of it`);
        }
        try {
          const said = evaluate(shown);
          if (said === true) return [];
          return found(said === false ? rule.message : 'the rule says neither true nor false');
        } catch (error) {
          return found(`the rule can't be asked of it (${firstLine(error)}): guard it by has()`);
        }
      }),
    );
  };
  return { dependOnCluster, judge };
}

/** `apps/Deployment`; `Pod` of the core group. */
function kindOf({ apiVersion, kind }: JsonObject): string {
  const group = typeof apiVersion === 'string' && apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/` : '';
  return `${group}${typeof kind === 'string' ? kind : ''}`;
}

/** Every container of a Pod, or of what makes some: also those that run first, and those for looking inside. */
function containersOf(object: JsonObject): readonly JsonValue[] {
  const spec = mapOf(object['spec']);
  const job = mapOf(mapOf(spec['jobTemplate'])['spec']);
  const specs = [spec, mapOf(mapOf(spec['template'])['spec']), mapOf(mapOf(job['template'])['spec'])];
  if (kindOf(object) === 'PodTemplate') specs.push(mapOf(mapOf(object['template'])['spec']));
  return specs.flatMap((each) =>
    ['containers', 'initContainers', 'ephemeralContainers'].flatMap((name) => listOf(each[name])),
  );
}
