import { RejectedError } from '#kit';
import { nearest } from '../nearest.js';
import { applications } from './applications.js';
import { clusters } from './clusters.js';
import { credentials } from './credentials.js';
import { events } from './events.js';
import { fleets } from './fleets.js';
import { grants } from './grants.js';
import type { Listing } from './listing.js';
import { policies } from './policies.js';
import { releases } from './releases.js';
import { rollouts } from './rollouts.js';
import { sessions } from './sessions.js';
import { sources } from './sources.js';
import { strategies } from './strategies.js';
import { targets } from './targets.js';
import { webhooks } from './webhooks.js';
import { tokens } from './tokens.js';

/** What is done with a listing, whatever its items are. */
export interface UseListing<R> {
  <T>(listing: Listing<T>): R;
}

/** Each kind with its item's type hidden: a listing is only ever used as a whole. */
const ALL: readonly { readonly words: readonly string[]; readonly use: <R>(with_: UseListing<R>) => R }[] = [
  entry(sources),
  entry(applications),
  entry(strategies),
  entry(clusters),
  entry(policies),
  entry(fleets),
  entry(releases),
  entry(rollouts),
  entry(targets),
  entry(events),
  entry(tokens),
  entry(grants),
  entry(sessions),
  entry(credentials),
  entry(webhooks),
];

function entry<T>(listing: Listing<T>): (typeof ALL)[number] {
  const { singular, plural, aliases } = listing;
  return { words: [plural, singular, ...aliases], use: (with_) => with_(listing) };
}

/** Plural words of the kinds that `get` knows. */
export const KINDS: readonly string[] = ALL.map(({ words }) => words[0] ?? '');

/** Runs with the listing of a kind by plural, singular or short word. @throws RejectedError with a suggestion. */
export function withListing<R>(word: string, use: UseListing<R>): R {
  const found = ALL.find(({ words }) => words.includes(word.toLowerCase()));
  if (found) return found.use(use);
  const near = nearest(
    word,
    ALL.flatMap(({ words }) => words),
  );
  const guess = near === null ? '.' : `; did you mean ${near}?`;
  throw new RejectedError('unknown-kind', `"${word}" is no kind${guess} Kinds are ${KINDS.join(', ')}.`);
}
