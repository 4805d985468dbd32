import { RejectedError } from '#kit';

/** Whether the value under a path of keys is to be encrypted; places in lists are not in the path. */
export type SopsRule = (path: readonly string[]) => boolean;

export interface RuleMetadata {
  readonly unencrypted_suffix?: string | null | undefined;
  readonly encrypted_suffix?: string | null | undefined;
  readonly unencrypted_regex?: string | null | undefined;
  readonly encrypted_regex?: string | null | undefined;
}

const DEFAULT_SUFFIX = '_unencrypted';
/** A longer key is matched by its beginning: an expression takes the more time the longer a text is. */
const MOST_MATCHED = 256;

/** @throws RejectedError `sops-metadata` where an expression is none, or might take for ever */
export function makeRule(metadata: RuleMetadata): SopsRule {
  const { unencrypted_regex: notLike, encrypted_regex: like } = metadata;
  const { unencrypted_suffix: notSuffix, encrypted_suffix: suffix } = metadata;
  if (like) return some(matches('encrypted_regex', like));
  if (notLike) return not(some(matches('unencrypted_regex', notLike)));
  if (suffix) return some((key) => key.endsWith(suffix));
  const plain = notSuffix ?? DEFAULT_SUFFIX;
  return not(some((key) => key.endsWith(plain === '' ? DEFAULT_SUFFIX : plain)));
}

function some(test: (key: string) => boolean): SopsRule {
  return (path) => path.some(test);
}

function not(rule: SopsRule): SopsRule {
  return (path) => !rule(path);
}

/** SOPS evaluates expressions in a time that grows with the text alone; those that would not here are refused. */
function matches(field: string, pattern: string): (key: string) => boolean {
  const isCaseless = pattern.startsWith('(?i)');
  const body = isCaseless ? pattern.slice(4) : pattern;
  const outside = body.replace(/\\./g, '_').replace(/\[[^\]]*\]/g, '_');
  const isSlow = /\)[*+{?]/.test(outside) || (outside.match(/[*+{]/g)?.length ?? 0) > 2;
  const isForeign = /\\[1-9pPzAQEC]|\(\?(?!:)/.test(body);
  try {
    if (isSlow || isForeign) throw new SyntaxError('not evaluated here');
    const expression = new RegExp(body, isCaseless ? 'i' : '');
    return (key) => expression.test(key.slice(0, MOST_MATCHED));
  } catch {
    throw new RejectedError(
      'sops-metadata',
      `its sops.${field} is none that is evaluated here: write it as ^(data|stringData)$, with at most two of * and +`,
    );
  }
}
