import { createHash } from 'node:crypto';
import { z } from 'zod';
import { base32, type Nkey, verifyNkey } from './nkey.js';

/** What NATS calls claims: who (`sub`) is given what (`nats`) by whom (`iss`). */
export interface Claims {
  readonly sub: string;
  readonly name: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  /** Seconds since the epoch; absent: never expires. */
  readonly exp?: number;
  readonly nats: Readonly<Record<string, unknown>>;
}

export type SignedClaims = Claims & { readonly iss: string; readonly jti: string };

const HEADER = Buffer.from(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' })).toString('base64url');

const signedClaimsSchema = z.object({
  jti: z.string(),
  iss: z.string(),
  sub: z.string(),
  name: z.string().default(''),
  iat: z.number().int(),
  exp: z.number().int().optional(),
  nats: z.record(z.string(), z.unknown()),
});

/** A NATS JWT, version 2. */
export function signJwt(signer: Nkey, claims: Claims): string {
  const body = { jti: '', iss: signer.publicKey, ...claims, nats: { ...claims.nats, version: 2 } };
  // The id is the hash of the claims with an empty id, as the reference implementation makes it.
  body.jti = base32(createHash('sha512-256').update(JSON.stringify(body)).digest());
  const text = `${HEADER}.${Buffer.from(JSON.stringify(body)).toString('base64url')}`;
  return `${text}.${signer.sign(Buffer.from(text)).toString('base64url')}`;
}

/** The claims of a JWT that was signed by the key it names as issuer; null for anything else. */
export function readJwt(jwt: string): SignedClaims | null {
  const [header, payload, signature] = jwt.trim().split('.');
  if (header === undefined || payload === undefined || signature === undefined) return null;
  try {
    const claims = signedClaimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    const text = Buffer.from(`${header}.${payload}`);
    return verifyNkey(claims.iss, text, signature) ? claims : null;
  } catch {
    return null;
  }
}
