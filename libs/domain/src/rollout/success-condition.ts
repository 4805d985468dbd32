import { Environment } from '@marcbachmann/cel-js';

/** Most characters of a condition. */
export const MAX_CONDITION = 500;
/** Most numbers that a condition is asked about: a query that answers more should aggregate. */
export const MAX_RESULTS = 100;
/** So many loops over the results at most: each one inside another multiplies. */
const MAX_LOOPS = 2;

const environment = new Environment({
  limits: { maxAstNodes: 300, maxDepth: 40, maxListElements: 100, maxMapEntries: 20, maxCallArguments: 8 },
})
  .registerVariable('result', 'list<double>')
  .registerVariable('value', 'double');

/**
 * Why a text is no condition of a metric gate, as a sentence's end; null: it is one. A condition is CEL over `result`, the list
 * of numbers that the query answered, and `value`, the first of them, and says true or false.
 */
export function conditionProblem(text: string): string | null {
  if (text.trim() === '') return 'must be a condition such as value < 0.01';
  if (text.length > MAX_CONDITION) return `must have at most ${MAX_CONDITION} characters`;
  if (/\bmatches\b/.test(text)) return 'must not use matches: a result is numbers';
  const loops = text.match(/\.\s*(all|exists|exists_one|filter|map)\s*\(/g)?.length ?? 0;
  if (loops > MAX_LOOPS) return `must not have more than ${MAX_LOOPS} of all, exists, filter and map`;
  const { valid, type, error } = environment.check(text);
  if (!valid) {
    const why = firstLine(error?.message ?? 'it does not parse');
    const hint = /double.*int|int.*double/.test(why) ? '; results are decimal numbers: write 1.0 for 1' : '';
    return `must be a CEL condition over result and value, such as value < 0.01 (${why}${hint})`;
  }
  return type === 'bool' ? null : `must be true or false, as value < 0.01 is, and is ${type ?? 'something else'}`;
}

/**
 * Whether numbers meet a condition. `null`, with why: that can't be said of them, as with an index that isn't there.
 * @param numbers at least one, all of them finite.
 */
export function meetsCondition(
  condition: string,
  numbers: readonly number[],
): { readonly met: boolean } | { readonly met: null; readonly why: string } {
  const [value] = numbers;
  if (value === undefined) return { met: null, why: 'there is no number' };
  if (numbers.length > MAX_RESULTS) {
    return {
      met: null,
      why: `there are ${numbers.length} numbers, at most ${MAX_RESULTS} are looked at: aggregate them`,
    };
  }
  const problem = conditionProblem(condition);
  if (problem !== null) return { met: null, why: problem };
  try {
    const met: unknown = environment.evaluate(condition, { result: [...numbers], value });
    return typeof met === 'boolean' ? { met } : { met: null, why: 'the condition says neither true nor false' };
  } catch (error) {
    return { met: null, why: firstLine(error instanceof Error ? error.message : 'the condition failed') };
  }
}

/** The library shows the place on further lines. */
function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 200);
}
