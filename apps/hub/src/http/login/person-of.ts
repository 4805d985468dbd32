import { z } from 'zod';
import { RejectedError } from '#kit';
import type { SignedInPerson } from '#ports';

const MAX_GROUPS = 500;
/** It is printed, and kept in the audit: nothing in it may be invisible. */
const nameSchema = z
  .string()
  .max(255)
  .regex(/^\P{C}+$/u);
const groupsSchema = z.union([nameSchema.transform((name) => [name]), z.array(nameSchema)]);

/** What is made of a provider's claims. */
export interface ClaimSettings {
  readonly groupsClaim: string;
  /** Whether an address counts of which the provider does not say whether it is verified. */
  readonly trustEmail: boolean;
}

/**
 * Whom the claims of a provider name. An address is a name only where the provider says that it has verified it: at many providers
 * people choose their own. Where settings trust it, one of which it says nothing is, too.
 * @throws RejectedError (403) `bad-claims`
 */
export function personOf(
  claims: Readonly<Record<string, unknown>>,
  { groupsClaim, trustEmail }: ClaimSettings,
): SignedInPerson {
  const subject = nameSchema.safeParse(claims['sub']);
  if (!subject.success) throw bad('sub', 'is no name of 1 to 255 visible characters');
  const verified = claims['email_verified'];
  // Some providers send the word instead of the value.
  const counts = verified === true || verified === 'true' || (verified === undefined && trustEmail);
  const email = counts ? (z.email().max(254).safeParse(claims['email']).data?.toLowerCase() ?? null) : null;
  const told = claims[groupsClaim];
  if (told === undefined || told === null) return { kind: 'person', subject: subject.data, email, groups: [] };
  const groups = groupsSchema.safeParse(told);
  if (!groups.success) throw bad(groupsClaim, 'is no list of names');
  // Some of them would be as good as chosen by chance.
  if (groups.data.length > MAX_GROUPS)
    throw bad(groupsClaim, `holds more than ${MAX_GROUPS}: let the provider send those that count here`);
  return { kind: 'person', subject: subject.data, email, groups: [...new Set(groups.data)].sort() };
}

function bad(claim: string, why: string): RejectedError {
  return new RejectedError('bad-claims', `The identity provider's claim ${claim} ${why}`, { status: 403 });
}
