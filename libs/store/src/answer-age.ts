/** How long the answer to a command that bore an Idempotency-Key is kept. */
export const ANSWER_AGE_MS = 24 * 60 * 60 * 1000;
