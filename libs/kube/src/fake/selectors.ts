import { ApiError } from './api-error.js';
import { isMap, type Json, type JsonMap, mapOf, textOf } from './json-tree.js';

export type ObjectTest = (object: JsonMap) => boolean;

const requirement =
  /^(?:(!)\s*([^\s!=,()]+)|([^\s!=,()]+)\s*(==|=|!=)\s*([^\s,()]*)|([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)|([^\s!=,()]+))$/;

function badSelector(text: string): ApiError {
  return new ApiError(400, `unable to parse requirement: ${text.slice(0, 100)}`);
}

/** Cuts at commas that stand outside parentheses. */
function splitRequirements(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '(') depth += 1;
    else if (text[i] === ')') depth -= 1;
    else if (text[i] === ',' && depth === 0) {
      out.push(text.slice(from, i));
      from = i + 1;
    }
  }
  out.push(text.slice(from));
  return out.map((part) => part.trim());
}

function parseRequirement(text: string): (labels: JsonMap) => boolean {
  const match = requirement.exec(text);
  if (match === null) throw badSelector(text);
  const [, , absent, key, operator, value, setKey, setOperator, values, present] = match;
  if (absent !== undefined) return (labels) => labels[absent] === undefined;
  if (present !== undefined) return (labels) => labels[present] !== undefined;
  if (key !== undefined) {
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const allowed = new Set((values ?? '').split(',').map((each) => each.trim()));
  const has = (labels: JsonMap): boolean =>
    labels[setKey ?? ''] !== undefined && allowed.has(textOf(labels[setKey ?? '']));
  return setOperator === 'in' ? has : (labels) => !has(labels);
}

/** `undefined` where the selector takes everything. */
export function parseLabelSelector(text: string | undefined): ObjectTest | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const tests = splitRequirements(text).map(parseRequirement);
  return (object) => {
    const labels = mapOf(mapOf(object['metadata'])['labels']);
    return tests.every((test) => test(labels));
  };
}

export function parseFieldSelector(text: string | undefined): ObjectTest | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const tests = text.split(',').map((part) => {
    const match = /^\s*([\w.]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
    if (match === null) throw new ApiError(400, `invalid field selector: ${part.slice(0, 100)}`);
    const [, path = '', operator, wanted] = match;
    const keys = path.split('.');
    return (object: JsonMap): boolean => (readText(object, keys) === wanted) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function readText(object: JsonMap, keys: readonly string[]): string {
  let at: Json | undefined = object;
  for (const key of keys) at = isMap(at) ? at[key] : undefined;
  return typeof at === 'string' ? at : at === undefined || at === null || typeof at === 'object' ? '' : String(at);
}

/** A LabelSelector of an object's spec against labels. An empty one takes everything, none takes nothing. */
export function selectorMatches(selector: Json | undefined, labels: JsonMap): boolean {
  if (!isMap(selector)) return false;
  for (const [key, value] of Object.entries(mapOf(selector['matchLabels']))) if (labels[key] !== value) return false;
  const expressions = Array.isArray(selector['matchExpressions']) ? selector['matchExpressions'] : [];
  return expressions.every((each) => {
    const expression = mapOf(each);
    const value = labels[textOf(expression['key'])];
    const values = Array.isArray(expression['values']) ? expression['values'] : [];
    switch (expression['operator']) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}
