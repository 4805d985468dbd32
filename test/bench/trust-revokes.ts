import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { splitUrls, tlsOptions } from '../../libs/bus/src/client-options.js';
import { nkeyFromSeed } from '../../libs/bus/src/nkey.js';
import type { TestApi } from '../helpers/test-api.js';
import { percentile, round } from './percentile.js';
import type { Joined } from './trust-joins.js';

export interface RevokeFigures {
  readonly revokes: number;
  /** From the request that ends a registration to the end of its agent's connection. */
  readonly disconnectP50Ms: number;
  readonly disconnectP99Ms: number;
  /** To the API's answer. */
  readonly answerP50Ms: number;
}

/** Registrations are ended one after the other while all the others' agents are connected. */
export async function measureRevokes(api: TestApi, joined: readonly Joined[]): Promise<RevokeFigures> {
  const connections = new Map<Joined, NatsConnection>();
  for (const each of joined) connections.set(each, await connectAs(each));
  const cut: number[] = [];
  const answered: number[] = [];
  for (const [{ name }, connection] of connections) {
    const began = performance.now();
    const closed = connection.closed().then(() => cut.push(performance.now() - began));
    await removeCluster(api, name);
    answered.push(performance.now() - began);
    await closed;
  }
  return {
    revokes: joined.length,
    disconnectP50Ms: round(percentile(cut, 50), 1),
    disconnectP99Ms: round(percentile(cut, 99), 1),
    answerP50Ms: round(percentile(answered, 50), 1),
  };
}

/** Ends a cluster's registration; what runs in it stays. */
export async function removeCluster(api: TestApi, name: string): Promise<void> {
  await api.delete(`/api/v1/clusters/${name}?workloads=leave`);
}

async function connectAs({ seed, answer }: Joined): Promise<NatsConnection> {
  const key = nkeyFromSeed(seed);
  return await connect({
    servers: splitUrls(answer.nats.urls.join(',')),
    tls: tlsOptions(answer.nats.ca),
    inboxPrefix: `_INBOX.${answer.cluster}`,
    authenticator: (nonce) => ({
      jwt: answer.credential,
      sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url'),
    }),
    reconnect: false,
  });
}
