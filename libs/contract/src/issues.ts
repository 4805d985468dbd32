/** One bad field: where it is, as `spec.waves[0].take`, and what to do about it. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** What a schema found wrong, as zod and Standard Schema tell it. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string;
  readonly keys?: readonly string[];
  /** Of a union: what each of its members found wrong. */
  readonly errors?: readonly (readonly SchemaIssue[])[];
}

/** Each bad field by its path, at most 20; an unknown field is named itself, not only the object that holds it. */
export function issueErrors(
  issues: readonly SchemaIssue[],
  prefix: readonly PropertyKey[] = [],
): readonly FieldError[] {
  const errors = issues.flatMap((issue): readonly FieldError[] => {
    const path = [...prefix, ...(issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))];
    if (issue.code === 'unrecognized_keys' && issue.keys) {
      return issue.keys.map((key) => ({
        path: pathText([...path, key]),
        message: 'unknown field: remove it, or mend its name',
      }));
    }
    const meant = meantMember(issue);
    if (meant) return issueErrors(meant, path);
    const missing = /received undefined$/.test(issue.message);
    return [{ path: pathText(path) || '(document)', message: missing ? 'must be set' : issue.message }];
  });
  return errors.slice(0, 20);
}

/** The member of a union that was meant, where the union says nothing itself: the only one that takes a value of this type. */
function meantMember({ code, message, errors = [] }: SchemaIssue): readonly SchemaIssue[] | null {
  if (code !== 'invalid_union' || message !== 'Invalid input') return null;
  const meant = errors.filter(
    (issues) => !issues.some((issue) => issue.code === 'invalid_type' && (issue.path ?? []).length === 0),
  );
  return meant.length === 1 ? (meant[0] ?? null) : null;
}

/** All field errors in one line. */
export function fieldErrorsText(errors: readonly FieldError[]): string {
  return errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`))
    .join('');
}
