import { issueErrors, RESOURCE_KINDS, resourceSchemas, type FieldError, type Resource } from '#contract';
import { RejectedError } from '#kit';

/** As many bad fields are named. */
const MOST_ERRORS = 50;

/** Checks each document by the schema of its kind. @throws RejectedError `invalid` that names the bad fields of every document. */
export function checkDocuments(documents: readonly unknown[]): readonly Resource[] {
  const errors: FieldError[] = [];
  const resources: Resource[] = [];
  const seen = new Map<string, number>();
  for (const [index, document] of documents.entries()) {
    const kind = (document as { kind?: unknown } | null)?.kind;
    const schema =
      typeof kind === 'string' && Object.hasOwn(resourceSchemas, kind)
        ? resourceSchemas[kind as keyof typeof resourceSchemas]
        : null;
    if (!schema) {
      errors.push({ path: `documents[${index}].kind`, message: `must be one of ${RESOURCE_KINDS.join(', ')}` });
      continue;
    }
    const parsed = schema.safeParse(document);
    if (!parsed.success) {
      errors.push(...issueErrors(parsed.error.issues, ['documents', index]));
      continue;
    }
    const resource: Resource = parsed.data;
    const key = `${resource.kind}/${resource.metadata.name}`;
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      errors.push({
        path: `documents[${index}]`,
        message: `${key} stands in documents[${earlier}] too: keep one of them`,
      });
    }
    seen.set(key, index);
    resources.push(resource);
  }
  if (errors.length > 0) {
    const fields = errors.slice(0, MOST_ERRORS);
    const text = fields.map(({ path, message }) => `${path}: ${message}`).join('; ');
    const more = errors.length > fields.length ? `; and ${errors.length - fields.length} more` : '';
    throw new RejectedError('invalid', `${text}${more}`, { status: 400, fields });
  }
  return resources;
}
