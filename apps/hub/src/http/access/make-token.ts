import { randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { EVERYWHERE, sha256, type Role, type Scope } from '#domain';
import type { Unit } from '#ports';

/** Makes and stores a named API token; the token's text exists only in the answer. */
export async function makeToken(
  unit: Unit,
  token: {
    readonly name: string;
    readonly email?: string | undefined;
    readonly role: Role;
    /** Everywhere unless told. */
    readonly scope?: Scope | undefined;
    readonly createdBy: string;
    readonly now: number;
    readonly expiresAt: number | null;
  },
): Promise<{ readonly id: string; readonly secret: string }> {
  const secret = `ft_${randomBytes(32).toString('base64url')}`;
  const id = uuid();
  await unit.tokens.add({
    id,
    name: token.name,
    email: token.email ?? null,
    role: token.role,
    scope: token.scope ?? EVERYWHERE,
    createdAt: token.now,
    createdBy: token.createdBy,
    expiresAt: token.expiresAt,
    hash: sha256(secret),
  });
  return { id, secret };
}
