import type { z } from 'zod';

/** One bad field: where it is, as `spec.waves[0].take`, and what to do about it. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** What a schema found wrong, at most 20 entries, each naming its field. */
export function fieldErrors(error: z.ZodError, prefix: readonly PropertyKey[] = []): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const issue of error.issues) {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        errors.push({ path: pathText([...path, key]), message: 'unknown field: remove it, or mend its name' });
    } else {
      errors.push({ path: pathText(path) || '(document)', message: issue.message });
    }
  }
  return errors.slice(0, 20);
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
