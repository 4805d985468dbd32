import { type Claims, signJwt } from './jwt.js';
import type { BusKeys } from './nats-keys.js';
import type { Nkey } from './nkey.js';
import { streams } from './subjects.js';

/** Public key of a user -> seconds since the epoch: credentials signed at or before that moment are refused. */
export type Revocations = Readonly<Record<string, number>>;

/** Largest message that an agent may publish, bytes. Reports have at most 64 KiB; answers come in parts. */
export const AGENT_PAYLOAD_BYTES = 256 * 1024;

const unlimited = { subs: -1, data: -1, payload: -1 } as const;
const accountLimits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 } as const;
const nobody = { pub: { deny: ['>'] }, sub: { deny: ['>'] } } as const;

const getManifest = `$JS.API.DIRECT.GET.${streams.assign}.$KV.assign.*`;
const getChunk = `$JS.API.DIRECT.GET.${streams.bundle}.$KV.bundle`;

/** The operator's self-signed JWT, which the server's configuration names as its root of trust. */
export function operatorJwt(keys: BusKeys, iat: number): string {
  return signJwt(keys.operator, {
    sub: keys.operator.publicKey,
    name: 'flotilla',
    iat,
    nats: { type: 'operator', system_account: keys.system.publicKey },
  });
}

export function systemAccountJwt(keys: BusKeys, iat: number): string {
  return account(keys, keys.system, 'SYS', iat, { limits: accountLimits, default_permissions: nobody });
}

/** The account that owns the streams. It offers agents exactly five subjects, none of them with an account's own reply. */
export function hubAccountJwt(keys: BusKeys, iat: number): string {
  const service = (name: string, subject: string) => ({ name, subject, type: 'service', response_type: 'Singleton' });
  return account(keys, keys.hub, 'HUB', iat, {
    limits: { ...accountLimits, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
    exports: [
      service('up', 'fleet.v1.up.>'),
      service('rpc', 'fleet.v1.rpc.>'),
      service('get', getManifest),
      service('blob', 'fleet.v1.blob.*.*'),
      { name: 'down', subject: 'fleet.v1.down.>', type: 'stream' },
    ],
    // A direct get takes wildcards, so an agent could ask for the digest `*` and be given whatever bundle came last. The mapping
    // cuts the digest in two tokens; `*` can't be cut, and a subject with a token too few matches nothing that is stored.
    mappings: {
      'fleet.v1.blob.*.*': [{ subject: `${getChunk}.{{splitfromleft(1,32)}}.{{wildcard(2)}}`, weight: 100 }],
    },
    default_permissions: nobody,
  });
}

/**
 * The agents' account. Two accounts, because permissions in one are not enough: the server does not check a message's reply
 * subject, so an agent could publish its own legal report with `reply: $KV.assign.other` and JetStream's acknowledgement
 * would overwrite another cluster's manifest. Across an import the reply is the importing account's alone.
 */
export function agentsAccountJwt(keys: BusKeys, revocations: Revocations, iat: number): string {
  const from = { account: keys.hub.publicKey, type: 'service' };
  return account(keys, keys.agents, 'AGENTS', iat, {
    limits: accountLimits,
    imports: [
      { name: 'up', subject: 'fleet.v1.up.>', ...from },
      { name: 'rpc', subject: 'fleet.v1.rpc.>', share: true, ...from },
      { name: 'get', subject: getManifest, local_subject: 'fleet.v1.get.$1', ...from },
      { name: 'blob', subject: 'fleet.v1.blob.*.*', ...from },
      { name: 'down', subject: 'fleet.v1.down.>', account: keys.hub.publicKey, type: 'stream' },
    ],
    signing_keys: [{ kind: 'user_scope', key: keys.agentSigner.publicKey, role: 'agent', template: agentTemplate }],
    ...(Object.keys(revocations).length > 0 ? { revocations } : {}),
    // A user that the account key itself signed, outside the scope, may do nothing.
    default_permissions: nobody,
  });
}

/** What every agent may do, whoever signs it: the server fills the cluster in from the credential's tag. */
const agentTemplate = {
  pub: {
    allow: [
      'fleet.v1.up.{{tag(cluster)}}.>',
      'fleet.v1.rpc.{{tag(cluster)}}.>',
      'fleet.v1.get.{{tag(cluster)}}',
    ].concat(
      // Whoever knows a digest may read that bundle.
      'fleet.v1.blob.*.*',
    ),
  },
  sub: { allow: ['fleet.v1.down.{{tag(cluster)}}.>', '_INBOX.{{tag(cluster)}}.>'] },
  subs: 20,
  data: -1,
  payload: AGENT_PAYLOAD_BYTES,
  allowed_connection_types: ['STANDARD'],
} as const;

/** An agent's credential. It holds no permissions of its own: the scoped signing key's template is all it gets. */
export function agentUserJwt(
  keys: BusKeys,
  cluster: string,
  publicKey: string,
  iat: number,
  ttlSeconds: number,
): string {
  return signJwt(keys.agentSigner, {
    sub: publicKey,
    name: `agent-${cluster}`,
    iat,
    exp: iat + ttlSeconds,
    nats: { type: 'user', issuer_account: keys.agents.publicKey, tags: [`cluster:${cluster}`] },
  });
}

/** The hub's own user: everything, in its own account. It never leaves the process that made it, so it does not expire. */
export function hubUserJwt(keys: BusKeys, publicKey: string, iat: number): string {
  return user(keys.hub, 'hub', publicKey, iat, { pub: { allow: ['>'] }, sub: { allow: ['>'] } });
}

/** The hub's user in the system account: hands in account JWTs and hears of disconnects and of servers, nothing else. */
export function systemUserJwt(keys: BusKeys, publicKey: string, iat: number): string {
  return user(keys.system, 'hub-system', publicKey, iat, {
    pub: {
      allow: ['$SYS.REQ.CLAIMS.UPDATE', '$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP', '$SYS.REQ.SERVER.PING'],
    },
    sub: { allow: [`$SYS.ACCOUNT.${keys.agents.publicKey}.DISCONNECT`, '$SYS.SERVER.*.STATSZ', '_INBOX.>'] },
  });
}

function account(keys: BusKeys, key: Nkey, name: string, iat: number, nats: Claims['nats']): string {
  return signJwt(keys.operator, { sub: key.publicKey, name, iat, nats: { type: 'account', ...nats } });
}

function user(accountKey: Nkey, name: string, publicKey: string, iat: number, nats: Claims['nats']): string {
  const claims = { type: 'user', ...unlimited, ...nats };
  return signJwt(accountKey, { sub: publicKey, name, iat, nats: claims });
}
