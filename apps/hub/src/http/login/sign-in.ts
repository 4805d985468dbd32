import { Inject, Injectable } from '@nestjs/common';
import type { Clock, SignedInPerson } from '#ports';
import type { SecretBox } from '../../installation/secret-box.js';
import { CLOCK, SECRET_BOX } from '../../parts.js';
import { IdentityProvider } from './identity-provider.js';
import { LoginCodes } from './login-codes.js';
import { openTicket, sealTicket, signInLost, TICKET_MS, type SignInTicket } from './sign-in-ticket.js';

/** What comes of a sign-in: a browser that is in, or a command line that is told so. */
export type SignedIn =
  | { readonly kind: 'browser'; readonly actor: string; readonly owner: SignedInPerson; readonly returnTo: string }
  | { readonly kind: 'cli'; readonly redirectTo: string };

/** A sign-in from its beginning in a browser to the answer of the identity provider in the same one. */
@Injectable()
export class SignIn {
  constructor(
    @Inject(SECRET_BOX) private readonly box: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly provider: IdentityProvider,
    private readonly codes: LoginCodes,
  ) {}

  /** Where to send the browser, and what it is to keep. */
  async begin(
    about: Pick<SignInTicket, 'returnTo' | 'cli'>,
  ): Promise<{ readonly url: string; readonly ticket: string }> {
    const { url, proof } = await this.provider.begin();
    const ticket = sealTicket(this.box, { ...proof, ...about, expiresAt: this.clock.now() + TICKET_MS });
    return { url, ticket };
  }

  /**
   * @param search of the address that the browser came back to, with its `?`
   * @throws RejectedError `sign-in-lost`, `sign-in-refused`, `bad-claims`; RetryableError `identity-provider-away`
   */
  async finish(search: string, ticketText: string | undefined): Promise<SignedIn> {
    const ticket = openTicket(this.box, ticketText, this.clock.now());
    const states = new URLSearchParams(search).getAll('state');
    if (states.length !== 1 || states[0] !== ticket.state) throw signInLost();
    await this.codes.spendState(ticket.state);
    const owner = await this.provider.finish(search, ticket);
    const actor = `user:${owner.email ?? owner.subject}`;
    if (ticket.cli === null) return { kind: 'browser', actor, owner, returnTo: ticket.returnTo };
    const { challenge, port, state } = ticket.cli;
    const code = await this.codes.forCli(challenge, actor, owner);
    return { kind: 'cli', redirectTo: `http://127.0.0.1:${port}/?${new URLSearchParams({ code, state }).toString()}` };
  }
}
