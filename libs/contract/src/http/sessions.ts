import { z } from 'zod';
import { timeSchema } from './basics.js';

/** How people sign in; API tokens always do. */
export const signInMethodsSchema = z.object({ oidc: z.boolean() }).meta({ id: 'SignInMethods' });

/** What a command line gives for its session: the code that its browser brought, and what its challenge was made of. */
export const cliTokenRequestSchema = z.strictObject({
  code: z.string().max(200),
  verifier: z.string().min(43).max(128),
});

/** The token itself is shown this once. */
export const cliTokenAnswerSchema = z
  .object({ actor: z.string(), token: z.string(), expiresAt: timeSchema })
  .meta({ id: 'CliTokenAnswer' });

export const sessionViewSchema = z
  .object({
    id: z.string(),
    via: z.enum(['browser', 'cli']),
    actor: z.string(),
    createdAt: timeSchema,
    usedAt: timeSchema,
    expiresAt: timeSchema,
  })
  .meta({ id: 'SessionView' });

/** Works once, within a minute. */
export const sessionLinkAnswerSchema = z
  .object({ url: z.string(), expiresAt: timeSchema })
  .meta({ id: 'SessionLinkAnswer' });

export type SignInMethods = z.output<typeof signInMethodsSchema>;
export type CliTokenRequest = z.output<typeof cliTokenRequestSchema>;
export type CliTokenAnswer = z.output<typeof cliTokenAnswerSchema>;
export type SessionView = z.output<typeof sessionViewSchema>;
export type SessionLinkAnswer = z.output<typeof sessionLinkAnswerSchema>;
