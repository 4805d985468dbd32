import type { NatsConnection } from '@nats-io/nats-core';
import { RetryableError } from '#kit';
import { z } from 'zod';
import { agentsAccountJwt, hubAccountJwt, type Revocations } from './accounts.js';
import { readJwt } from './jwt.js';
import type { BusKeys } from './nats-keys.js';
import { request } from './requests.js';

const answerSchema = z.object({
  data: z.object({ code: z.number() }).optional(),
  error: z.object({ code: z.number(), description: z.string() }).optional(),
});

/** How long a look at what the servers have may take before the account is handed in all the same, milliseconds. */
const LOOKUP_MS = 1_500;

/** How long one try to hand an account in may take, and all of them together, milliseconds. */
const TRY_MS = 2_000;
const ALL_TRIES_MS = 15_000;
const RETRY_MS = 100;

/** Hands account JWTs in to the servers' resolver, which keeps them on disk and tells its cluster. */
export class AccountResolver {
  #lastIat = 0;

  constructor(
    private readonly system: NatsConnection,
    private readonly keys: BusKeys,
  ) {}

  async pushHub(): Promise<void> {
    await this.#push(this.keys.hub.publicKey, (iat) => hubAccountJwt(this.keys, iat));
  }

  async pushAgents(revocations: Revocations): Promise<void> {
    await this.#push(this.keys.agents.publicKey, (iat) => agentsAccountJwt(this.keys, revocations, iat));
  }

  /** Without a look at what is there: for what is known to be new. */
  async pushChangedAgents(revocations: Revocations): Promise<void> {
    await this.#handIn((iat) => agentsAccountJwt(this.keys, revocations, iat));
  }

  /** The revocations in the account that the servers have now; none where they have no account yet. */
  async storedRevocations(): Promise<Revocations> {
    const claims = await this.#lookup(this.keys.agents.publicKey);
    const parsed = z.record(z.string(), z.number()).safeParse(claims?.nats['revocations'] ?? {});
    return parsed.success ? parsed.data : {};
  }

  /** Leaves an account alone that says the same already: each change makes the server look at all of its connections. */
  async #push(account: string, sign: (iat: number) => string): Promise<void> {
    const there = await this.#lookupSoon(account);
    if (there !== null && JSON.stringify(there.nats) === JSON.stringify(readJwt(sign(0))?.nats)) return;
    await this.#handIn(sign);
  }

  /** A request on its way to a server that died is answered by nobody: it is sent again, on whatever connection is there then. */
  async #handIn(sign: (iat: number) => string): Promise<void> {
    // Servers compare `iat`, in whole seconds, to tell the newer of two.
    this.#lastIat = Math.max(Math.floor(Date.now() / 1000), this.#lastIat + 1);
    const body = new TextEncoder().encode(sign(this.#lastIat));
    const answer = await insist(() => request(this.system, '$SYS.REQ.CLAIMS.UPDATE', body, { timeoutMs: TRY_MS }));
    const parsed = answerSchema.safeParse(JSON.parse(new TextDecoder().decode(answer.data)));
    if (parsed.success && parsed.data.data?.code === 200) return;
    const why = parsed.success ? parsed.data.error?.description : undefined;
    throw new RetryableError('account-refused', `The bus did not take an account: ${why ?? 'it answered oddly'}.`);
  }

  /**
   * Null where nobody answers either: a server of a cluster that has not heard of the account keeps silent, and after an election
   * that may be the one that is asked. Handing the account in is always right; the look only saves it.
   */
  async #lookupSoon(account: string): Promise<ReturnType<typeof readJwt>> {
    try {
      return await this.#lookup(account, LOOKUP_MS);
    } catch (error) {
      if (error instanceof RetryableError && error.code === 'bus-timeout') return null;
      throw error;
    }
  }

  async #lookup(account: string, timeoutMs?: number): Promise<ReturnType<typeof readJwt>> {
    const subject = `$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`;
    const answer = await request(this.system, subject, undefined, timeoutMs === undefined ? {} : { timeoutMs });
    return readJwt(new TextDecoder().decode(answer.data));
  }
}

async function insist<Result>(attempt: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const passes = error instanceof RetryableError && error.code !== 'bus-closed';
      if (!passes || performance.now() - started > ALL_TRIES_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
