import { RejectedError } from '#kit';
import { z } from 'zod';
import { makeRule, type SopsRule } from './sops-rule.js';

/** What a document that SOPS encrypted says of its encryption. */
export interface SopsMetadata {
  /** The data key, once for each recipient. */
  readonly age: readonly { readonly recipient: string; readonly enc: string }[];
  /** As it is written: what the code over all values is bound to. */
  readonly lastModified: string;
  /** The code over all values, encrypted. */
  readonly mac: string;
  readonly isEncrypted: SopsRule;
  /** The code is over what is encrypted alone. */
  readonly macOnlyEncrypted: boolean;
}

/** Most recipients of one document. */
const MOST_RECIPIENTS = 50;
/** Largest encrypted data key, characters. */
const MOST_KEY_TEXT = 16 * 1024;

/** Who else may keep a data key. */
const OTHERS = [
  { field: 'pgp', name: 'PGP' },
  { field: 'kms', name: 'AWS KMS' },
  { field: 'gcp_kms', name: 'GCP KMS' },
  { field: 'azure_kv', name: 'Azure Key Vault' },
  { field: 'hc_vault', name: 'HashiCorp Vault' },
] as const;
const ADD_RECIPIENT =
  'add the recipient whose key the cluster has (sops rotate --in-place --add-age age1… FILE, by somebody who can read it) and commit that';

const text = (limit: number) => z.string().max(limit);
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')]);
const others = z.array(z.unknown()).max(MOST_RECIPIENTS).nullish();

const schema = z.object({
  age: z
    .array(z.object({ recipient: text(4096), enc: text(MOST_KEY_TEXT) }))
    .max(MOST_RECIPIENTS)
    .nullish(),
  kms: others,
  gcp_kms: others,
  azure_kv: others,
  hc_vault: others,
  pgp: others,
  key_groups: others,
  lastmodified: text(64),
  mac: text(1024),
  unencrypted_suffix: text(256).nullish(),
  encrypted_suffix: text(256).nullish(),
  unencrypted_regex: text(256).nullish(),
  encrypted_regex: text(256).nullish(),
  unencrypted_comment_regex: text(256).nullish(),
  encrypted_comment_regex: text(256).nullish(),
  mac_only_encrypted: flag.nullish(),
});

/** @throws RejectedError `sops-metadata`, in words that follow the object's name */
export function readMetadata(value: unknown): SopsMetadata {
  // Before each of them is looked at.
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const tooLong = fields.find(([, each]: [string, unknown]) => Array.isArray(each) && each.length > MOST_RECIPIENTS);
  if (tooLong !== undefined) {
    throw refused(`its sops.${tooLong[0].slice(0, 40)} has more than ${MOST_RECIPIENTS} entries: encrypt it for fewer`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => ['sops', ...path].join('.'));
    throw refused(`its SOPS metadata can't be read (${[...new Set(fields)].slice(0, 5).join(', ')})`);
  }
  const { data } = parsed;
  const age = data.age ?? [];
  if ((data.key_groups ?? []).length > 0) {
    throw refused(
      'its data key is split among sops.key_groups: encrypt it for age recipients without groups (shamir_threshold and key_groups taken out of .sops.yaml)',
    );
  }
  if (age.length === 0) {
    const kinds = OTHERS.filter(({ field }) => (data[field] ?? []).length > 0).map(({ name }) => name);
    const of = kinds.length === 0 ? '' : `, but with ${kinds.join(' and ')}, which no agent asks`;
    throw refused(`it is encrypted for no age key${of}: ${ADD_RECIPIENT}`);
  }
  if ((data.unencrypted_comment_regex ?? '') !== '' || (data.encrypted_comment_regex ?? '') !== '') {
    throw refused('what of it is encrypted is told by comments: use encrypted_regex or a suffix');
  }
  return {
    age,
    lastModified: data.lastmodified,
    mac: data.mac,
    isEncrypted: makeRule(data),
    macOnlyEncrypted: data.mac_only_encrypted === true,
  };
}

/**
 * The metadata of a format that has no levels: `age__list_0__map_recipient` is `age[0].recipient`.
 * @param flat without the prefix that the format puts before each
 */
export function unflatten(flat: ReadonlyMap<string, string>): unknown {
  const age = new Map<string, Record<string, string>>();
  const result: Record<string, unknown> = {};
  for (const [key, value] of flat) {
    const told = value.replaceAll('\\n', '\n');
    const [, list = '', at = '', field = ''] = /^([a-z_]+?)__list_(\d{1,3})__(?:map_)?(\w+)$/.exec(key) ?? [];
    if (list === '') result[key] = told;
    else if (list === 'age') age.set(at, { ...age.get(at), [field]: told });
    else result[list] = [told];
  }
  return { ...result, age: [...age.values()] };
}

function refused(message: string): RejectedError {
  return new RejectedError('sops-metadata', message);
}
