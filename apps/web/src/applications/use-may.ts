import { useQuery } from '@tanstack/react-query';
import type { Whoami } from '#contract';
import { whoami } from '../api/queries.js';
import { whyNot } from '../api/rights.js';

/** Why the person who looks may not do what takes that role to the application; null: they may. */
export function useMay(needed: Whoami['role'], application: string): string | null {
  const me = useQuery(whoami);
  return whyNot(me.data, needed, application);
}
