import { z } from 'zod';
import { nameSchema } from '../primitives.js';
import { reasonSchema, timeSchema } from './basics.js';

/** Lower case, with a port where it is not the usual one. */
const hostSchema = z
  .string({ error: 'must name the host, such as github.com' })
  .max(253)
  .regex(
    /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[1-9]\d{0,4})?$/,
    'must be a host such as github.com or git.example.com:8443: lower case, without scheme and path',
  );

/** One line that git hands on as it is. */
const secretLine = (what: string) =>
  z
    .string({ error: `must be ${what}` })
    .min(1, `must be ${what}`)
    .max(4096, 'must have at most 4096 characters')
    .regex(/^[^\p{Cc}]*$/u, 'must be one line, without control characters');

const certificateSchema = z
  .string()
  .max(64 * 1024, 'must have at most 64 KiB')
  .regex(
    /^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/,
    'must be PEM, from BEGIN CERTIFICATE to END CERTIFICATE',
  );

export const credentialRequestSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('https'),
      host: hostSchema,
      username: secretLine('a user name').max(256).default('git'),
      password: secretLine('a password or a token'),
      /** Of a host whose certificate no public authority signed. */
      ca: certificateSchema.optional(),
      reason: reasonSchema.optional(),
    }),
    z.strictObject({
      kind: z.literal('ssh'),
      host: hostSchema,
      privateKey: z.string({ error: 'must be a private key' }).max(16 * 1024, 'must have at most 16 KiB'),
      knownHosts: z
        .string({ error: "must be the host's own keys, as ssh-keyscan prints them" })
        .max(16 * 1024, 'must have at most 16 KiB')
        .regex(
          /^[^#\s]\S*\s+(ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/=]{20,}/m,
          "must hold the host's own keys, as ssh-keyscan prints them: compare them with what the host publishes",
        ),
      reason: reasonSchema.optional(),
    }),
  ],
  { error: 'must be https or ssh' },
);

/** Never the secret itself. */
export const credentialViewSchema = z
  .object({
    name: nameSchema,
    kind: z.enum(['https', 'ssh']),
    host: z.string(),
    username: z.string().optional(),
    /** Names of the sources that are read with it. */
    sources: z.array(z.string()),
    createdAt: timeSchema,
    createdBy: z.string(),
    updatedAt: timeSchema,
    updatedBy: z.string(),
  })
  .meta({ id: 'CredentialView' });

export type CredentialRequest = z.output<typeof credentialRequestSchema>;
export type CredentialView = z.output<typeof credentialViewSchema>;
