import { z } from 'zod';
import { durationSchema } from '#contract';
import { parseDuration } from '#domain';
import { booleanSetting, RejectedError, setting, urlSetting } from '#kit';
import { readSettingFile } from '../../installation/https-certificate.js';

const LOOPBACK = /^(127(\.\d+){3}|\[::1\]|localhost)$/;

const span = (fallback: string, minimum: number, maximum: number, words: string) =>
  durationSchema
    .default(fallback)
    .transform((text) => parseDuration(text) ?? 0)
    .refine((ms) => ms >= minimum && ms <= maximum, `must be between ${words}`);

/** How people sign in. */
export const loginSettings = {
  oidcIssuer: setting(
    urlSetting(['https:', 'http:'])
      .refine(
        (text) => new URL(text).protocol === 'https:' || LOOPBACK.test(new URL(text).hostname),
        'must begin with https:// unless it is on this machine',
      )
      .optional(),
    {
      env: 'FLOTILLA_OIDC_ISSUER',
      description: 'Issuer of the OpenID Connect provider by which people sign in.',
      defaultText: 'nobody signs in, API tokens only',
    },
  ),
  oidcClientId: setting(z.string().min(1).max(256).optional(), {
    env: 'FLOTILLA_OIDC_CLIENT_ID',
    description: 'What the provider knows the hub as; its redirect URI is FLOTILLA_PUBLIC_URL/auth/callback.',
  }),
  oidcClientSecretFile: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_OIDC_CLIENT_SECRET_FILE',
    description: 'File with the secret that goes with FLOTILLA_OIDC_CLIENT_ID.',
    defaultText: 'a public client, by PKCE alone',
  }),
  oidcScopes: setting(
    z
      .string()
      .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be scopes with one blank between them')
      .max(512)
      .refine((text) => text.split(' ').includes('openid'), 'must hold openid')
      .default('openid profile email'),
    { env: 'FLOTILLA_OIDC_SCOPES', description: 'Scopes that the provider is asked for.' },
  ),
  oidcGroupsClaim: setting(z.string().min(1).max(128).default('groups'), {
    env: 'FLOTILLA_OIDC_GROUPS_CLAIM',
    description: "Claim that holds a person's groups.",
  }),
  oidcTrustEmail: setting(booleanSetting().default(false), {
    env: 'FLOTILLA_OIDC_TRUST_EMAIL',
    description:
      'Whether an address counts of which the provider does not say that it is verified (email_verified); only where nobody can choose their own.',
  }),
  oidcCaFile: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_OIDC_CA_FILE',
    description: "PEM of the CA that signed the provider's certificate.",
    defaultText: 'the public CAs',
  }),
  sessionLifetimeMs: setting(span('12h', 60_000, 30 * 86_400_000, '1m and 30d'), {
    env: 'FLOTILLA_SESSION_LIFETIME',
    description: 'How long a sign-in lasts, however much it is used.',
    defaultText: '12h',
  }),
  sessionIdleMs: setting(span('2h', 120_000, 30 * 86_400_000, '2m and 30d'), {
    env: 'FLOTILLA_SESSION_IDLE',
    description: 'How long a sign-in lasts unused.',
    defaultText: '2h',
  }),
};

type LoginConfig = z.output<z.ZodObject<typeof loginSettings>> & { readonly publicUrl?: string | undefined };

/** An identity provider as the hub is told of it. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: string | null;
  readonly scopes: string;
  readonly groupsClaim: string;
  readonly trustEmail: boolean;
  /** Null: the public CAs. */
  readonly caPem: string | null;
}

export interface LoginSettings {
  /** Null: nobody signs in. */
  readonly provider: ProviderSettings | null;
  readonly lifetimeMs: number;
  readonly idleMs: number;
}

/** @throws RejectedError `config-invalid` */
export async function readLoginSettings(config: LoginConfig): Promise<LoginSettings> {
  const { oidcIssuer: issuer, oidcClientId: clientId, sessionLifetimeMs: lifetimeMs, sessionIdleMs: idleMs } = config;
  if ((issuer === undefined) !== (clientId === undefined)) {
    throw new RejectedError(
      'config-invalid',
      'FLOTILLA_OIDC_ISSUER and FLOTILLA_OIDC_CLIENT_ID go together: set both or neither.',
    );
  }
  if (issuer === undefined || clientId === undefined) return { provider: null, lifetimeMs, idleMs };
  // Browsers keep the cookies of a sign-in over TLS alone.
  if (config.publicUrl?.startsWith('http:')) {
    throw new RejectedError(
      'config-invalid',
      'FLOTILLA_PUBLIC_URL must begin with https:// for people to sign in there.',
    );
  }
  const { oidcClientSecretFile: secretFile, oidcCaFile: caFile } = config;
  const read = async (file: string | undefined, name: string): Promise<string | null> =>
    file === undefined ? null : (await readSettingFile(file, name)).trim();
  const clientSecret = await read(secretFile, 'FLOTILLA_OIDC_CLIENT_SECRET_FILE');
  if (clientSecret === '') {
    throw new RejectedError('config-invalid', 'FLOTILLA_OIDC_CLIENT_SECRET_FILE names a file that is empty.');
  }
  return {
    provider: {
      issuer,
      clientId,
      clientSecret,
      scopes: config.oidcScopes,
      groupsClaim: config.oidcGroupsClaim,
      trustEmail: config.oidcTrustEmail,
      caPem: await read(caFile, 'FLOTILLA_OIDC_CA_FILE'),
    },
    lifetimeMs,
    idleMs,
  };
}
