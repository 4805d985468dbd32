import { RetryableError } from '#kit';
import { apiError, callKube, isSuccess, mapAt, textAt } from '#kube';
import type { Kube } from '#ports';

/** Where agents look for keys by themselves. */
export const DEFAULT_KEYS = 'flotilla-sops-age';

/** What a Secret has of keys. */
export interface AgeKeys {
  /** `namespace/name` of the Secret. */
  readonly of: string;
  readonly isThere: boolean;
  /** `AGE-SECRET-KEY-1…` */
  readonly identities: readonly string[];
}

/** Each is tried by what it is called alone, so that the number costs little. */
const MOST_KEYS = 100;
const ENTRY = /\.agekey$|^keys\.txt$/;
const KEY = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]{20,4096}$/;

/** Reads the keys as they are now: one that was rotated is there for the next pass. @throws RetryableError */
export async function readAgeKeys(kube: Kube, namespace: string, name: string): Promise<AgeKeys> {
  const path = `/api/v1/namespaces/${namespace}/secrets/${encodeURIComponent(name)}`;
  const answer = await callKube(kube, { method: 'GET', path, timeoutMs: 30_000 });
  const of = `${namespace}/${name}`;
  if (answer.status === 404) return { of, isThere: false, identities: [] };
  if (!isSuccess(answer)) {
    const { reason, status } = apiError(answer);
    throw new RetryableError(
      'age-keys',
      `The API server does not let the agent read its keys in the Secret ${of}: ${reason} (${status}).`,
    );
  }
  const data = mapAt(answer.body, 'data');
  const identities = Object.keys(data)
    .filter((entry) => ENTRY.test(entry))
    .flatMap((entry) => Buffer.from(textAt(data, entry), 'base64').toString('utf8').split('\n'))
    .map((line) => line.trim())
    .filter((line) => KEY.test(line));
  return { of, isThere: true, identities: [...new Set(identities)].slice(0, MOST_KEYS) };
}
