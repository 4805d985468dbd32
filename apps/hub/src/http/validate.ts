import { StandardSchemaValidationPipe } from '@nestjs/common';
import { fieldErrorsText, issueErrors } from '#contract';
import { RejectedError } from '#kit';

/** Checks bodies, queries and parameters against the contract's schemas; each bad field is named in the answer. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const fields = issueErrors(issues);
      return new RejectedError('invalid', fieldErrorsText(fields), { status: 400, fields });
    },
  });
}
