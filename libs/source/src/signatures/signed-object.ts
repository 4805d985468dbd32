/** What was signed, and by what. */
export interface SignedObject {
  readonly kind: 'openpgp' | 'ssh' | 'other';
  /** Armoured. */
  readonly signature: string;
  readonly payload: Buffer;
}

/** More than any signature has: beyond it nothing is read. */
const maxSignatureLength = 65_536;
const beginnings = [
  ['openpgp', '-----BEGIN PGP SIGNATURE-----'],
  ['ssh', '-----BEGIN SSH SIGNATURE-----'],
  ['other', '-----BEGIN '],
] as const;

/**
 * Takes the signature out of a raw commit: what was signed is the commit without the header that holds it.
 * @returns null where there is none; two signatures are `other`, because programs differ in which one counts
 */
export function signedCommit(content: Buffer, idLength: number): SignedObject | null {
  // One character for each byte, so that what was signed comes back as it was.
  const text = content.toString('latin1');
  const end = text.indexOf('\n\n');
  const lines = (end < 0 ? text : text.slice(0, end)).split('\n');
  // A commit of a repository that knows both kinds of id may bear one for each.
  const header = idLength === 64 ? 'gpgsig-sha256 ' : 'gpgsig ';
  const signatures: string[][] = [];
  const kept: string[] = [];
  let dropped: string[] | null = null;
  for (const line of lines) {
    if (line.startsWith(' ') && dropped !== null) {
      dropped.push(line.slice(1));
      continue;
    }
    dropped = /^gpgsig(-sha256)? /.test(line) ? [line.slice(line.indexOf(' ') + 1)] : null;
    if (dropped === null) kept.push(line);
    else if (line.startsWith(header)) signatures.push(dropped);
  }
  const [signature] = signatures;
  if (signature === undefined) return null;
  const armoured = `${signature.join('\n')}\n`;
  const payload = Buffer.from(kept.join('\n') + (end < 0 ? '' : text.slice(end)), 'latin1');
  return { kind: signatures.length > 1 ? 'other' : kindOf(armoured), signature: armoured, payload };
}

/** Takes the signature from the end of a raw tag. @returns null where there is none */
export function signedTag(content: Buffer): SignedObject | null {
  const text = content.toString('latin1');
  const starts = text.matchAll(/\n(?=-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----\n)/g);
  const last = [...starts].at(-1)?.index;
  if (last === undefined) return null;
  const signature = text.slice(last + 1);
  return { kind: kindOf(signature), signature, payload: Buffer.from(text.slice(0, last + 1), 'latin1') };
}

/** What a raw tag says that it is, and of what. */
export function tagged(content: Buffer): { readonly object: string; readonly type: string; readonly name: string } {
  const head = /^object ([0-9a-f]+)\ntype (\w+)\ntag ([^\n]*)\n/.exec(content.toString('latin1'));
  const [, object = '', type = '', name = ''] = head ?? [];
  return { object, type, name: Buffer.from(name, 'latin1').toString('utf8') };
}

function kindOf(signature: string): SignedObject['kind'] {
  if (signature.length > maxSignatureLength) return 'other';
  return beginnings.find(([, start]) => signature.startsWith(start))?.[0] ?? 'other';
}
