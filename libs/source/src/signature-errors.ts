import { RejectedError } from '#kit';

export interface SignedThing {
  readonly of: 'commit' | 'tag';
  /** The commit's id, or the tag's name. */
  readonly name: string;
}

const unless = 'or set spec.verify.mode: report';

export function signatureMissing({ of, name }: SignedThing): RejectedError {
  const mend = of === 'commit' ? 'git commit --gpg-sign' : 'git tag --sign';
  const keys = `sign it (${mend}) with a key of spec.verify.keys`;
  return new RejectedError('signature-missing', `The ${of} ${shown(name)} is not signed: ${keys}, ${unless}.`);
}

/** @param why goes on after "is signed", as `by a key that this source does not name` */
export function signatureRefused({ of, name }: SignedThing, why: string): RejectedError {
  return new RejectedError(
    'signature-refused',
    `The ${of} ${shown(name)} is signed ${why}: sign it with a key of spec.verify.keys, add the key that it is signed with, ${unless}.`,
  );
}

function shown(name: string): string {
  return /^[0-9a-f]{40,64}$/.test(name) ? name.slice(0, 12) : name.slice(0, 255);
}
