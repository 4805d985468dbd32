import { createHmac, hkdfSync } from 'node:crypto';
import type { MarkValue } from './mask-secret.js';

/**
 * Marks that stand for the values of Secrets where two states are compared: equal values have equal marks, also after a restart, and
 * without the key of who makes them nobody can find out what they stand for by trying.
 */
export function makeSecretMarks(seed: string): MarkValue {
  const key = Buffer.from(hkdfSync('sha256', seed, '', 'flotilla marks of secret values', 32));
  return (value) => `(hidden ${createHmac('sha256', key).update(value).digest('hex').slice(0, 8)})`;
}
