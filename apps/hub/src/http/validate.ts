import { StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { fieldErrorsText, isStorable, issueErrors, STORABLE, type FieldError } from '#contract';
import { RejectedError } from '#kit';

class ValidationPipe extends StandardSchemaValidationPipe {
  override transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    // Made by the hub itself.
    if (metadata.type === 'custom') return super.transform(value, metadata);
    const field = unstorableField(value, metadata.data ?? '');
    if (field !== null) throw invalid([{ path: field, message: STORABLE }]);
    // A body that was not sent is an empty one: what a route requires of it is told field by field, and most require nothing.
    const missing = metadata.type === 'body' && (value === undefined || value === null);
    return super.transform(missing ? ({} as T) : value, metadata);
  }
}

/** Checks bodies, queries and parameters against the contract's schemas; each bad field is named in the answer. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new ValidationPipe({ exceptionFactory: (issues) => invalid(issueErrors(issues)) });
}

function invalid(fields: readonly FieldError[]): RejectedError {
  return new RejectedError('invalid', fieldErrorsText(fields), { status: 400, fields });
}

/**
 * Where a text, or a field's name, is one that the database can't store; null: nowhere. Not recursive, because how deep a body
 * is lies with its sender.
 */
export function unstorableField(value: unknown, name: string): string | null {
  const open: (readonly [path: string, value: unknown])[] = [[name, value]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [path, each] = next;
    if (typeof each === 'string') {
      if (!isStorable(each)) return path || '(document)';
    } else if (typeof each === 'object' && each !== null) {
      for (const [key, inner] of Object.entries(each)) {
        if (!isStorable(key)) return path || '(document)';
        open.push([path === '' ? key : Array.isArray(each) ? `${path}[${key}]` : `${path}.${key}`, inner]);
      }
    }
  }
  return null;
}
