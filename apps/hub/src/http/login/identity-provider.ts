import { Inject, Injectable } from '@nestjs/common';
import type * as OpenIdClient from 'openid-client';
import type { Configuration, CustomFetch } from 'openid-client';
import { FlotillaError, RejectedError, type Logger } from '#kit';
import type { SignedInPerson } from '#ports';
import { LOGGER, SETTINGS, type HubSettings } from '../../parts.js';
import type { ProviderSettings } from './login.config.js';
import { personOf } from './person-of.js';
import { away, providerFetch } from './provider-fetch.js';

/** What is kept between sending somebody to the provider and their coming back. */
export interface SignInProof {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Clocks of two machines differ. */
const CLOCK_TOLERANCE_S = 30;
/** What the provider says of itself is asked anew after so long: its addresses move, if seldom. */
const BELIEVED_MS = 60 * 60_000;

type OpenId = typeof OpenIdClient;

/** The OpenID Connect provider: asked when somebody signs in, so that one that is away never stops the hub. */
@Injectable()
export class IdentityProvider {
  private known: { readonly configuration: Promise<Configuration>; readonly until: number } | null = null;

  constructor(
    @Inject(SETTINGS) private readonly settings: HubSettings,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Where to send a browser, and what to keep until it comes back.
   * @throws RejectedError (404) `sign-in-off`; RetryableError `identity-provider-away`
   */
  async begin(): Promise<{ readonly url: string; readonly proof: SignInProof }> {
    const provider = this.provider();
    const openId = await import('openid-client');
    const configuration = await this.configuration(openId, provider);
    const proof = {
      state: openId.randomState(),
      nonce: openId.randomNonce(),
      verifier: openId.randomPKCECodeVerifier(),
    };
    const url = openId.buildAuthorizationUrl(configuration, {
      redirect_uri: this.redirectUri(),
      scope: provider.scopes,
      state: proof.state,
      nonce: proof.nonce,
      code_challenge: await openId.calculatePKCECodeChallenge(proof.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, proof };
  }

  /**
   * Who came back: code exchanged, and issuer, audience, times, nonce and signature of what the provider says checked.
   * @param search of the address that they came back to, with its `?`
   * @throws RejectedError (401) `sign-in-refused`; RetryableError `identity-provider-away`
   */
  async finish(search: string, proof: SignInProof): Promise<SignedInPerson> {
    const provider = this.provider();
    const openId = await import('openid-client');
    const configuration = await this.configuration(openId, provider);
    try {
      const tokens = await openId.authorizationCodeGrant(configuration, new URL(this.redirectUri() + search), {
        expectedState: proof.state,
        expectedNonce: proof.nonce,
        pkceCodeVerifier: proof.verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new Error('it gave no ID token');
      const person = personOf(claims, provider);
      const isWhole = person.email !== null && provider.groupsClaim in claims;
      if (isWhole || configuration.serverMetadata().userinfo_endpoint === undefined) return person;
      // Many providers tell no more than who it is in the ID token; what they tell of them is asked for.
      const more = await openId.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return personOf({ ...more, ...claims }, provider);
    } catch (error) {
      throw this.refusal(error);
    }
  }

  private provider(): ProviderSettings {
    const { provider } = this.settings.login;
    if (provider !== null) return provider;
    throw new RejectedError(
      'sign-in-off',
      'Nobody can sign in here, because no identity provider is set (FLOTILLA_OIDC_ISSUER): use an API token, `flotilla login URL --token-stdin`',
      { status: 404 },
    );
  }

  private redirectUri(): string {
    return `${this.settings.publicUrl}/auth/callback`;
  }

  private configuration(openId: OpenId, provider: ProviderSettings): Promise<Configuration> {
    const now = Date.now();
    if (this.known !== null && this.known.until > now) return this.known.configuration;
    const configuration = discover(openId, provider).catch((error: unknown): never => {
      // The next one who comes asks again.
      if (this.known?.configuration === configuration) this.known = null;
      const told = asOurs(error) ?? away(error);
      this.log.warn({ issuer: provider.issuer, error: told.message }, 'the identity provider could not be asked');
      throw told;
    });
    this.known = { configuration, until: now + BELIEVED_MS };
    return configuration;
  }

  /** What the provider or whoever came back said wrong is told in a word; the log has the rest. */
  private refusal(error: unknown): FlotillaError {
    const ours = asOurs(error);
    if (ours !== null) return ours;
    const { error: word, message } = error as { error?: unknown; message?: unknown };
    this.log.warn({ reason: String(message).slice(0, 300) }, 'a sign-in was refused');
    const why = typeof word === 'string' && /^[a-z_]{1,40}$/.test(word) ? ` (${word})` : '';
    return new RejectedError(
      'sign-in-refused',
      `The identity provider's answer was not taken${why}: sign in again; the hub's log tells more`,
      { status: 401 },
    );
  }
}

async function discover(openId: OpenId, provider: ProviderSettings): Promise<Configuration> {
  const { issuer, clientId, clientSecret, caPem } = provider;
  const authentication = clientSecret === null ? openId.None() : openId.ClientSecretBasic(clientSecret);
  const configuration = await openId.discovery(
    new URL(issuer),
    clientId,
    { [openId.clockTolerance]: CLOCK_TOLERANCE_S },
    authentication,
    {
      // Settings let http through for this machine alone.
      ...(new URL(issuer).protocol === 'http:' && { execute: [openId.allowInsecureRequests] }),
      [openId.customFetch]: providerFetch(caPem) as unknown as CustomFetch,
    },
  );
  // The ID token comes over TLS; that its signature is the provider's is checked all the same.
  openId.enableNonRepudiationChecks(configuration);
  return configuration;
}

/** An error of ours, however it was wrapped. */
function asOurs(error: unknown): FlotillaError | null {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof FlotillaError) return each;
  return null;
}
