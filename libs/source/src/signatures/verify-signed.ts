import { createHash } from 'node:crypto';
import type { GitSignature, GitVerification } from '#ports';
import { signatureMissing, signatureRefused, type SignedThing } from '../signature-errors.js';
import type { GitObject } from '../parse-objects.js';
import { checkOpenPgp, type Checked } from './openpgp-signature.js';
import { signedCommit, signedTag, tagged } from './signed-object.js';
import { checkSsh } from './ssh-signature.js';

export interface SignedSubject {
  /** Of the commit that the source came to. */
  readonly sha: string;
  /** Name of the tag where the tag is to be signed; null where it is no tag that was asked for. */
  readonly tag: string | null;
  /** The raw commit or tag; null: there is none. */
  readonly object: GitObject | null;
}

/**
 * Who signed a commit or tag, of those that a source trusts; null where nobody did and that is let through.
 * @throws RejectedError `signature-missing`, `signature-refused`, `key-unfit`; RetryableError `program-missing`
 */
export type VerifySigned = (subject: SignedSubject, verification: GitVerification) => Promise<GitSignature | null>;

/** A look comes every few seconds, and what was signed does not change; whether the keys still count is asked again within the hour. */
const rememberMs = 3_600_000;
const maxRemembered = 500;

/** @param root a folder of the hub alone */
export function openVerifier(root: string, clock: () => number = Date.now): VerifySigned {
  const remembered = new Map<string, { readonly at: number; readonly checked: Checked | null }>();

  async function check({ sha, tag, object }: SignedSubject, { of, keys }: GitVerification): Promise<Checked | null> {
    const signed = object && (of === 'commit' ? signedCommit(object.content, sha.length) : signedTag(object.content));
    if (object === null || signed === null) return null;
    if (of === 'tag') {
      // Somebody else's signature on another tag is a signature too.
      const { object: target, type, name } = tagged(object.content);
      if (name !== tag) return { refused: `as a tag of another name (${JSON.stringify(name.slice(0, 100))})` };
      if (type !== 'commit' || target !== sha) return { refused: 'and of another object than its commit' };
    }
    const now = new Date(clock());
    if (signed.kind === 'openpgp') return await checkOpenPgp(signed, keys, now);
    if (signed.kind === 'ssh') return await checkSsh(signed, keys, { now, root });
    return { refused: 'in a way that is neither OpenPGP nor SSH' };
  }

  return async (subject, verification) => {
    const { of, required, keys } = verification;
    const about: SignedThing = { of, name: of === 'tag' ? (subject.tag ?? subject.sha) : subject.sha };
    const key = createHash('sha256')
      .update(JSON.stringify([subject.sha, subject.tag, subject.object?.id, of, keys]))
      .digest('hex');
    const known = remembered.get(key);
    let checked = known && known.at > clock() - rememberMs ? known.checked : undefined;
    if (checked === undefined) {
      checked = await check(subject, verification);
      if (remembered.size >= maxRemembered) remembered.clear();
      remembered.set(key, { at: clock(), checked });
    }
    if (checked !== null && !('refused' in checked)) return { ...checked, of };
    if (!required) return null;
    throw checked === null ? signatureMissing(about) : signatureRefused(about, checked.refused);
  };
}
