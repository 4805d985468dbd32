import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { MAX_HEALTH_EXPRESSION } from './health-rule.js';

/** So many loops in one expression at most, and so many inside one another. */
const MAX_LOOPS = 4;
const MAX_NESTED_LOOPS = 2;

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

let made: Environment | undefined;

/** Made when the first rule is looked at: most agents have none. */
function cel(): Environment {
  return (made ??= new Environment({
    enableOptionalTypes: true,
    limits: { maxAstNodes: 100, maxDepth: 30, maxListElements: 50, maxMapEntries: 10, maxCallArguments: 4 },
  }).registerVariable('object', 'map'));
}

export interface Evaluated {
  readonly value?: unknown;
  readonly problem?: string;
}

/** One expression of a rule, parsed once and asked of many objects. */
export interface HealthExpression {
  /** Why it is none, as a sentence's end; null: it is one. */
  readonly problem: string | null;
  /** How deep its loops are nested. */
  readonly nested: number;
  /** Asks it of a copy that boundedCopy made. */
  readonly ask: (copy: unknown) => Evaluated;
}

/** Reads an expression that is to say true or false, or a text. */
export function readExpression(text: string, type: 'bool' | 'string'): HealthExpression {
  const example = type === 'bool' ? 'object.status.phase == "Ready"' : 'object.status.message';
  const none = (problem: string, nested = 0): HealthExpression => ({ problem, nested, ask: () => ({ problem }) });
  if (text.trim() === '') return none(`must be CEL over object, such as ${example}`);
  if (text.length > MAX_HEALTH_EXPRESSION) return none(`must have at most ${MAX_HEALTH_EXPRESSION} characters`);
  const checked = cel().check(text);
  if (!checked.valid) return none(`must be CEL over object, such as ${example} (${firstLine(checked.error)})`);
  const parsed = cel().parse(text);
  const { problem, nested } = costOf(parsed.ast);
  if (checked.type !== type && checked.type !== 'dyn') {
    const wanted = type === 'bool' ? 'true or false' : 'a text';
    return none(`must be ${wanted}, as ${example} is, and is ${checked.type ?? 'something else'}`, nested);
  }
  if (problem !== null) return none(problem, nested);
  const ask = (copy: unknown): Evaluated => {
    try {
      const value: unknown = parsed({ object: copy });
      const fits = typeof value === (type === 'bool' ? 'boolean' : 'string');
      return fits ? { value } : { problem: `it says ${type === 'bool' ? 'neither true nor false' : 'no text'}` };
    } catch (error) {
      return { problem: firstLine(error) };
    }
  };
  return { problem: null, nested, ask };
}

/** Why an expression might take long, however short it is (null: it cannot), and how deep its loops are nested. */
export function costOf(ast: ASTNode): { readonly problem: string | null; readonly nested: number } {
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
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : 'it does not parse';
  return (text.split('\n')[0] ?? '').slice(0, 200);
}
