import { z } from 'zod';
import { RejectedError } from '#kit';
import type { SecretBox } from '../../installation/secret-box.js';

/** For so long somebody may take to sign in at the provider. */
export const TICKET_MS = 10 * 60_000;
const PURPOSE = 'sign-in';
const MAX_TEXT = 4000;

export const cliSchema = z.strictObject({
  /** SHA-256 of what the command line keeps, base64url. */
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be a SHA-256 in base64url'),
  /** Where it listens on 127.0.0.1. */
  port: z.coerce.number().int().min(1024, 'must be 1024 to 65535').max(65_535, 'must be 1024 to 65535'),
  /** What it wants back. */
  state: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/, 'must be 16 to 128 characters of base64url'),
});

const ticketSchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  expiresAt: z.number(),
  returnTo: z.string(),
  /** Of a sign-in that a command line waits for. */
  cli: cliSchema.nullable(),
});

/** What the browser holds of a sign-in that has begun, sealed, so that only the browser that began it can end it. */
export type SignInTicket = z.output<typeof ticketSchema>;

export function sealTicket(box: SecretBox, ticket: SignInTicket): string {
  return Buffer.from(box.seal(JSON.stringify(ticket), PURPOSE)).toString('base64url');
}

/** @throws RejectedError (400) `sign-in-lost` */
export function openTicket(box: SecretBox, text: string | undefined, now: number): SignInTicket {
  try {
    if (text === undefined || text.length > MAX_TEXT) throw new Error('none');
    const ticket = ticketSchema.parse(JSON.parse(box.open(Buffer.from(text, 'base64url'), PURPOSE)));
    if (ticket.expiresAt <= now) throw new Error('late');
    return ticket;
  } catch {
    throw signInLost();
  }
}

export function signInLost(): RejectedError {
  return new RejectedError(
    'sign-in-lost',
    'No sign-in that began in this browser within the last 10 minutes fits this answer, or it was taken already: begin again at /auth/login, or with `flotilla login`',
    { status: 400 },
  );
}
