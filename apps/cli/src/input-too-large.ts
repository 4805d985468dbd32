import { RejectedError } from '#kit';

/** Loaded only when it is thrown: see describe-failure.ts. */
export function inputTooLarge(): RejectedError {
  return new RejectedError('too-large', 'Standard input is larger than 16 MiB: apply it in parts.');
}
