import { matchesApplication, roleAllows } from '#domain/access';
import type { Whoami } from '#contract';

type Role = Whoami['role'];

/**
 * Why somebody may not do what takes that role to the application, or null where a grant of theirs lets them. A scope of clusters is
 * not looked at: the hub knows which clusters it holds, and its dry run says so.
 */
export function whyNot(me: Whoami | undefined, needed: Role, application: string): string | null {
  if (!me) return 'It is not known yet what you may do.';
  const able = me.grants.filter(({ role }) => roleAllows(role, needed));
  if (able.length === 0)
    return `This needs the role ${needed}; you are ${me.role}. An admin gives it by flotilla grant set.`;
  const isHeld = able.some(
    ({ scope }) => !scope?.applications || scope.applications.some((name) => matchesApplication(name, application)),
  );
  return isHeld ? null : `Your role ${needed} does not reach the application ${application}.`;
}

/** Why somebody may not do what takes that role over everything there is, or null where a grant of theirs lets them. */
export function whyNotEverywhere(me: Whoami | undefined, needed: Role): string | null {
  if (!me) return 'It is not known yet what you may do.';
  const able = me.grants.filter(({ role }) => roleAllows(role, needed));
  if (able.some(({ scope }) => !scope)) return null;
  return able.length === 0
    ? `This needs the role ${needed}; you are ${me.role}. An admin gives it by flotilla grant set.`
    : `Your role ${needed} does not reach everything, and this is about all of the fleet.`;
}
