import type { Grant, Role } from '#domain';
import { RejectedError } from '#kit';

/** What is not there, and what the caller can't see: one answer for both, from this one place. */
export function notFound(kind: string, name: string): RejectedError {
  const more = kind === 'Rollout' ? ": give its id, or an application's name" : '';
  return new RejectedError('not-found', `${kind} "${name}" does not exist${more}`, { status: 404 });
}

/** The caller sees a part of what tells of the whole. */
export function partlyInScope(application: string): RejectedError {
  return new RejectedError(
    'partly-in-scope',
    `Your scope holds ${application} on some of its clusters, and this is about all of them. What works on those that you see: flotilla get clusters, flotilla why cluster NAME, flotilla tree CLUSTER/${application}, and the events of a cluster`,
    { status: 403 },
  );
}

/** The caller sees it, and may not do this to it. */
export function outOfScope(role: Role, what: string): RejectedError {
  return new RejectedError('out-of-scope', `This needs the role ${role} in a scope that holds ${what}`, {
    status: 403,
  });
}

export function lacksRole(role: Role, { actor, grants }: { actor: string; grants: readonly Grant[] }): RejectedError {
  if (grants.length === 0) {
    return new RejectedError(
      'no-grant',
      `${nameOf(actor)} is known here, and may do nothing yet: an admin gives rights with \`flotilla grant set\``,
      { status: 403 },
    );
  }
  const roles = [...new Set(grants.map((grant) => grant.role))];
  return new RejectedError('forbidden', `This needs the role ${role}; ${nameOf(actor)} has ${roles.join(', ')}`, {
    status: 403,
  });
}

function nameOf(actor: string): string {
  const [, token] = /^token:(.*)$/.exec(actor) ?? [];
  return token === undefined ? actor.replace(/^user:/, '') : `the token "${token}"`;
}
