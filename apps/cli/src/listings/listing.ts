import type { HubClient } from '../hub-client.js';
import type { Shape } from '../print.js';

/** What narrows a list; which of it a kind knows stands in its listing. */
export interface Filters {
  readonly selector?: string | undefined;
  readonly status?: string | undefined;
  readonly application?: string | undefined;
  readonly rollout?: string | undefined;
  readonly cluster?: string | undefined;
  readonly actor?: string | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit?: number | undefined;
}

/** A kind that `get` shows. */
export interface Listing<T> extends Shape<T> {
  /** `cluster`. */
  readonly singular: string;
  /** `clusters`. */
  readonly plural: string;
  readonly aliases: readonly string[];
  /** Filters beyond names that it knows. */
  readonly filters: readonly (keyof Filters)[];
  /** Its names are what it belongs to, not its own: targets of a rollout. */
  readonly namesAre?: 'rollout';
  readonly list: (client: HubClient, filters: Filters) => Promise<T[]>;
  /** @throws RejectedError of the hub when there is none of that name. */
  readonly one?: (client: HubClient, name: string) => Promise<T>;
}

/** A name as a part of an address. */
export function part(name: string): string {
  return encodeURIComponent(name);
}
