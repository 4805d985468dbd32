import type { Problem } from '#contract';

/** What the hub found wrong with a registration, by the field of the form that it is about. */
export interface FieldErrors {
  readonly name?: string;
  readonly namespaces?: string;
  readonly tokenTtl?: string;
  /** By the label's key. */
  readonly labels: ReadonlyMap<string, string>;
  /** About no field of the form. */
  readonly rest: readonly string[];
}

const NONE: FieldErrors = { labels: new Map(), rest: [] };

/** Nothing that the hub says is left out: what is about no field is told beside the button. */
export function fieldErrors(problem: Problem | undefined, labels: readonly string[]): FieldErrors {
  if (!problem) return NONE;
  if (problem.code === 'name-taken') return { ...NONE, name: sentence(problem.detail.replace(/^name: /, '')) };
  const errors = problem.errors ?? [];
  if (errors.length === 0) return { ...NONE, rest: [problem.detail] };
  const of = (field: string): string | undefined => {
    const found = errors.filter(({ path }) => path === field || path.startsWith(`${field}[`));
    return found.length === 0
      ? undefined
      : sentence(found.map(({ path, message }) => within(path, message)).join('; '));
  };
  const [name, namespaces, tokenTtl] = [of('name'), of('namespaces'), of('tokenTtl')];
  const labelErrors = new Map<string, string>();
  const rest: string[] = [];
  for (const { path, message } of errors) {
    const key = labels.find((each) => path === `labels.${each}`);
    if (key !== undefined) labelErrors.set(key, sentence(message));
    else if (!/^(name|namespaces|tokenTtl)($|\[)/.test(path)) rest.push(`${path}: ${message}`);
  }
  return {
    ...(name !== undefined && { name }),
    ...(namespaces !== undefined && { namespaces }),
    ...(tokenTtl !== undefined && { tokenTtl }),
    labels: labelErrors,
    rest,
  };
}

/** The second of `namespaces[1]` is told as such. */
function within(path: string, message: string): string {
  const index = /\[(\d+)\]$/.exec(path)?.[1];
  return index === undefined ? message : `number ${Number(index) + 1} ${message}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
