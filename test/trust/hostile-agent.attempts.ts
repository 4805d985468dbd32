import { deepStrictEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { headers } from '@nats-io/nats-core';
import { bytes, eventually, pause, text } from '#ports/contract-suites/bus-broker';
import { agentUserJwt, systemUserJwt } from '../../libs/bus/src/accounts.js';
import { makeAgentKey } from '../../libs/bus/src/agent-key.js';
import { readJwt, signJwt } from '../../libs/bus/src/jwt.js';
import { makeBusKeys } from '../../libs/bus/src/nats-keys.js';
import { makeNkey, nkeyFromSeed } from '../../libs/bus/src/nkey.js';
import { StalledReader } from './stalled-reader.js';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import { BUNDLE, DIGEST, type HostileScene, QUOTA } from './hostile-agent.scene.js';

type Try = Attempt<HostileScene>;

const PERMISSIONS = "the credential's permissions: a template that the broker fills in with the cluster's uid";
const CHUNK = `${DIGEST.slice(0, 32)}.${DIGEST.slice(32)}.0`;
const now = (): number => Math.floor(Date.now() / 1000);

const publishing: readonly (readonly [string, (scene: HostileScene) => string])[] = [
  ["reads another cluster's manifest", ({ victim }) => `fleet.v1.get.${victim}`],
  ['reads all manifests by a wildcard', () => 'fleet.v1.get.*'],
  ["reads another's manifest past the import", ({ victim }) => `$JS.API.DIRECT.GET.KV_assign.$KV.assign.${victim}`],
  ['reads a stream by sequence', () => '$JS.API.STREAM.MSG.GET.KV_assign'],
  ["overwrites another cluster's manifest", ({ victim }) => `$KV.assign.${victim}`],
  ['overwrites its own manifest', ({ me }) => `$KV.assign.${me}`],
  ['overwrites a bundle', () => `$KV.bundle.${CHUNK}`],
  ['reads a bundle past the mapping', () => `$JS.API.DIRECT.GET.KV_bundle.$KV.bundle.${CHUNK}`],
  ['revokes another agent', () => `$KV.revoked.${makeAgentKey().publicKey}`],
  ['reports as another cluster', ({ victim }) => `fleet.v1.up.${victim}.status.shop`],
  ['sends a heartbeat as another cluster', ({ victim }) => `fleet.v1.up.${victim}.heartbeat`],
  ['answers what another was asked', ({ victim }) => `fleet.v1.up.${victim}.answer.${'1'.repeat(32)}`],
  ["renews another cluster's credential", ({ victim }) => `fleet.v1.rpc.${victim}.renew`],
  ['nudges another cluster', ({ victim }) => `fleet.v1.down.${victim}.nudge`],
  ['nudges its own cluster', ({ me }) => `fleet.v1.down.${me}.nudge`],
  ["writes into another's inbox", ({ victim }) => `_INBOX.${victim}.guess`],
  ["writes into the hub's inbox", () => '_INBOX.guess'],
  ['lists streams', () => '$JS.API.STREAM.NAMES'],
  ['asks what an account has', () => '$JS.API.INFO'],
  ['deletes a stream', () => '$JS.API.STREAM.DELETE.STATUS'],
  ['purges a stream', () => '$JS.API.STREAM.PURGE.KV_assign'],
  ['deletes one message of a stream', () => '$JS.API.STREAM.MSG.DELETE.KV_assign'],
  ['makes a stream', () => '$JS.API.STREAM.CREATE.MINE'],
  ['changes a stream', () => '$JS.API.STREAM.UPDATE.STATUS'],
  ['snapshots a stream', () => '$JS.API.STREAM.SNAPSHOT.KV_assign'],
  ['restores a stream from a snapshot of its own', () => '$JS.API.STREAM.RESTORE.KV_assign'],
  ['has a stream choose another leader', () => '$JS.API.STREAM.LEADER.STEPDOWN.STATUS'],
  ['makes a consumer', () => '$JS.API.CONSUMER.CREATE.STATUS'],
  ['makes a consumer that pushes to it', () => '$JS.API.CONSUMER.DURABLE.CREATE.KV_assign.mine'],
  ["deletes the hub's consumer", () => '$JS.API.CONSUMER.DELETE.STATUS.hub'],
  ["pauses the hub's consumer", () => '$JS.API.CONSUMER.PAUSE.STATUS.hub'],
  ["takes the hub's reports", () => '$JS.API.CONSUMER.MSG.NEXT.STATUS.hub'],
  ["takes the hub's heartbeats", () => '$JS.API.CONSUMER.MSG.NEXT.HEARTBEATS.hub'],
  ["acknowledges the hub's reports", () => '$JS.ACK.STATUS.hub.1.1.1.1.1'],
  ['hands in an account', () => '$SYS.REQ.CLAIMS.UPDATE'],
  ['deletes an account', () => '$SYS.REQ.CLAIMS.DELETE'],
  ["reads an account's claims", ({ broker }) => `$SYS.REQ.ACCOUNT.${broker.keys.agents.publicKey}.CLAIMS.LOOKUP`],
  ['asks the servers about themselves', () => '$SYS.REQ.SERVER.PING'],
  ['asks for connections', ({ broker }) => `$SYS.REQ.ACCOUNT.${broker.keys.agents.publicKey}.CONNZ`],
  ['has a server read its configuration again', () => '$SYS.REQ.SERVER.X.RELOAD'],
  ['has a server drop a client', () => '$SYS.REQ.SERVER.X.KICK'],
  ['asks who it is', () => '$SYS.REQ.USER.INFO'],
  ['discovers services', () => '$SRV.PING'],
];

const listening: readonly (readonly [string, (scene: HostileScene) => string])[] = [
  ["another's down subjects", ({ victim }) => `fleet.v1.down.${victim}.>`],
  ["everybody's down subjects", () => 'fleet.v1.down.*.assign'],
  ["another's inbox", ({ victim }) => `_INBOX.${victim}.>`],
  ['all inboxes', () => '_INBOX.>'],
  ["the broker's own replies across accounts", () => '_R_.>'],
  ["other clusters' reports", () => 'fleet.v1.up.>'],
  ['its own reports as the hub is sent them', ({ me }) => `fleet.v1.up.${me}.>`],
  ['renewals, to answer them in place of the hub', () => 'fleet.v1.rpc.*.renew'],
  ['reads of manifests, to answer them in place of the hub', ({ victim }) => `fleet.v1.get.${victim}`],
  ['reads of bundles, to answer them in place of the hub', () => 'fleet.v1.blob.*.*'],
  ['everything', () => '>'],
  ["the servers' events", () => '$SYS.>'],
  ["the hub's buckets", () => '$KV.>'],
  ["JetStream's advisories", () => '$JS.EVENT.>'],
];

const replies: readonly (readonly [string, (scene: HostileScene) => string])[] = [
  ["overwrites another's manifest", ({ victim }) => `$KV.assign.${victim}`],
  ["overwrites another's report", ({ victim }) => `fleet.v1.up.${victim}.status.shop`],
  ['is a heartbeat of another', ({ victim }) => `fleet.v1.up.${victim}.heartbeat`],
  ['renews for another', ({ victim }) => `fleet.v1.rpc.${victim}.renew`],
  ['overwrites a bundle', () => `$KV.bundle.${CHUNK}`],
  ['purges a stream', () => '$JS.API.STREAM.PURGE.STATUS'],
  ['hands in an account', () => '$SYS.REQ.CLAIMS.UPDATE'],
];

const readBodies: readonly (readonly [string, object])[] = [
  ['the last of any subject', { last_by_subj: '$KV.assign.*' }],
  ['the last of the victim', { last_by_subj: '$KV.assign.VICTIM' }],
  ['the next of any subject', { next_by_subj: '$KV.assign.*' }],
  ['the last of many subjects', { multi_last: ['$KV.assign.>'] }],
  ['a sequence', { seq: 1 }],
  ['a batch', { batch: 10, next_by_subj: '>' }],
];

const guesses: readonly (readonly [string, string])[] = [
  ['*', '0'],
  ['*', '*'],
  ['*', '>'],
  ['>', '0'],
  ['>', '>'],
  [`*.${DIGEST.slice(32)}`, '0'],
  [`${'*'.repeat(32)}*`, '0'],
  [DIGEST.slice(0, 32), '*'],
  [`${DIGEST.slice(0, 31)}*`, '>'],
];

const hostileHeaders: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ['clears the stream', 'rollups are refused', { 'Nats-Rollup': 'all' }],
  ['clears a subject', 'rollups are refused', { 'Nats-Rollup': 'sub' }],
  [
    "has the broker write another's manifest later",
    'schedules are not allowed in the stream',
    { 'Nats-Schedule-Target': '$KV.assign.VICTIM', 'Nats-Schedule': '@at SOON' },
  ],
  [
    "has a trace of it written into another's manifest",
    'no export allows traces',
    { 'Nats-Trace-Dest': '$KV.assign.VICTIM' },
  ],
  [
    'begins a batch that holds others up',
    'batches are not allowed in the stream',
    { 'Nats-Batch-Id': 'x', 'Nats-Batch-Sequence': '1', 'Nats-Batch-Commit': '1' },
  ],
  ['ends by itself', 'lifetimes are not allowed in the stream', { 'Nats-TTL': '1s' }],
  ['passes for the end of a message', 'it is but a header of its own report', { 'Nats-Marker-Reason': 'MaxAge' }],
  ['passes for the end of a key', 'it is but a header of its own report', { 'KV-Operation': 'PURGE' }],
  [
    'passes for a copy of another stream',
    'it is but a header of its own report',
    { 'Nats-Stream-Source': 'KV_assign 1 > > >' },
  ],
  ['expects what is not so', 'its own report is refused', { 'Nats-Expected-Stream': 'KV_assign' }],
];

const forgeries: readonly (readonly [string, string, (scene: HostileScene) => Promise<readonly [string, string]>])[] = [
  [
    "another's credential without its key",
    "the broker's nonce, which that key would have to sign",
    async (scene) => [await victimCredential(scene), makeAgentKey().seed],
  ],
  [
    "another's credential and its own key",
    "the broker's nonce, which the other's key would have to sign",
    async (scene) => [await victimCredential(scene), scene.seed],
  ],
  [
    'a credential whose cluster it changed',
    "the signature of the agents' signing key",
    async ({ credential, seed, victim }) => {
      const claims = readJwt(credential);
      const forged = { ...claims, nats: { ...claims?.nats, tags: [`cluster:${victim}`] } };
      const [header, , signature] = credential.split('.');
      const body = Buffer.from(JSON.stringify(forged)).toString('base64url');
      return [`${header}.${body}.${signature}`, seed];
    },
  ],
  [
    'a credential that says that nobody need sign it',
    'only Ed25519 counts',
    async ({ credential, seed }) => {
      const header = Buffer.from(JSON.stringify({ typ: 'JWT', alg: 'none' })).toString('base64url');
      return [`${header}.${credential.split('.')[1]}.`, seed];
    },
  ],
  [
    'a credential that it signed by its own key',
    "the signature must be of the agents' account",
    async ({ seed, victim, broker }) => {
      const key = nkeyFromSeed(seed);
      const nats = { type: 'user', issuer_account: broker.keys.agents.publicKey, tags: [`cluster:${victim}`] };
      return [signJwt(key, { sub: key.publicKey, name: 'x', iat: 1, nats }), seed];
    },
  ],
  [
    'a credential of another operator with the same names',
    "the signature must be of the agents' account",
    async ({ victim, broker }) => {
      const { publicKey, seed } = makeAgentKey();
      const others = { ...makeBusKeys(), agents: broker.keys.agents };
      return [agentUserJwt(others, victim, publicKey, now(), 3600), seed];
    },
  ],
  [
    'a credential that has ended',
    'the time in it',
    async ({ me, broker }) => {
      const { publicKey, seed } = makeAgentKey();
      return [agentUserJwt(broker.keys, me, publicKey, now() - 7_200, 3_600), seed];
    },
  ],
  [
    'a credential of more rights than its scope, had it the signing key',
    'what that key signs has the rights of the template or none',
    async ({ me, broker }) => {
      const { publicKey, seed } = makeAgentKey();
      const all = { allow: ['>'] };
      const rights = { pub: all, sub: all, subs: -1, data: -1, payload: -1 };
      const nats = { type: 'user', issuer_account: broker.keys.agents.publicKey, tags: [`cluster:${me}`], ...rights };
      return [signJwt(broker.keys.agentSigner, { sub: publicKey, name: 'wide', iat: now(), nats }), seed];
    },
  ],
  ['no credential', 'there is no user without one', async ({ seed }) => ['', seed]],
];

async function victimCredential({ hub, victim }: HostileScene): Promise<string> {
  return await hub.mintCredential(victim, makeAgentKey().publicKey);
}

const deeds: readonly Try[] = [
  {
    name: 'reads a bundle whose digest it knows',
    stoppedBy:
      'nothing, by design: whoever knows a digest may read that bundle, so no secret belongs in one; digests are told in signed manifests alone',
    run: async (scene) => {
      equal(await scene.ask(`fleet.v1.blob.${DIGEST}.0`), BUNDLE);
      // And that is all there is to it.
      equal(await scene.ask(`fleet.v1.blob.${DIGEST}.1`), '');
    },
  },
  {
    name: 'guesses digests of bundles',
    stoppedBy: '256 bits: a digest that is not there is answered by nothing',
    run: async (scene) => {
      for (let n = 0; n < 200; n += 1) equal(await scene.ask(`fleet.v1.blob.${randomBytes(32).toString('hex')}.0`), '');
    },
  },
  {
    name: "has another nudged by the broker's acknowledgement of its own report",
    stoppedBy:
      "nothing, by design: another's agent may be made to read its own manifest once more, and bounds how often it does",
    run: async (scene) => {
      await scene.publish(`fleet.v1.up.${scene.me}.status.shop`, 'mine', {
        reply: `fleet.v1.down.${scene.victim}.assign`,
      });
      ok(scene.victimNudges <= 1);
    },
  },
  {
    name: "suppresses another's report by using its message id first",
    stoppedBy: 'agents’ reports have none, and ids count for 100 ms',
    run: async (scene) => {
      const same = headers();
      same.set('Nats-Msg-Id', 'guessed');
      await scene.publish(`fleet.v1.up.${scene.me}.status.shop`, 'mine', { headers: same });
      await scene.publish(`fleet.v1.up.${scene.me}.status.blog`, 'mine too', { headers: same });
      await scene.bystanderIsServed();
      await pause(150);
      await scene.publish(`fleet.v1.up.${scene.me}.status.blog`, 'mine too', { headers: same });
      equal(await scene.lastReport(scene.me, 'blog'), 'mine too');
    },
  },
  {
    name: 'names another cluster in the body of its report and of its heartbeat',
    stoppedBy: 'the hub takes the cluster from the subject, which the broker has checked',
    run: async (scene) => {
      const lie = JSON.stringify({ cluster: scene.victim });
      const seen = await scene.reportsDuring(
        () => scene.attacker.request(`fleet.v1.up.${scene.me}.status.lie`, lie),
        (reports) => reports.some(({ application }) => application === 'lie'),
      );
      deepStrictEqual(
        [...new Set(seen.filter(({ body }) => text(body) === lie).map(({ cluster }) => cluster))],
        [scene.me],
      );
      await scene.publish(`fleet.v1.up.${scene.me}.heartbeat`, lie);
      await eventually(() => scene.heartbeats.length > 0, 'the heartbeat');
      deepStrictEqual([...new Set(scene.heartbeats.map(({ cluster }) => cluster))], [scene.me]);
    },
  },
  {
    name: "asks for another's credential in the body of its renewal",
    stoppedBy: 'the hub takes the cluster from the subject, which the broker has checked',
    run: async (scene) => {
      const asked = await scene.ask(`fleet.v1.rpc.${scene.me}.renew`, JSON.stringify({ cluster: scene.victim }));
      equal(asked, `a credential for ${scene.me}`);
    },
  },
  {
    name: 'reports on applications with names that are none',
    stoppedBy: 'the hub drops them before it looks at them',
    run: async (scene) => {
      const odd = ['*', '>', 'A', 'x_y', '\u0001', 'ä'.repeat(40), '-', 'a'.repeat(64)];
      const seen = await scene.reportsDuring(
        async () => {
          for (const name of odd) scene.attacker.publish(`fleet.v1.up.${scene.me}.status.${name}`, 'x');
          await scene.attacker.request(`fleet.v1.up.${scene.me}.status.fine`, 'x');
        },
        (reports) => reports.some(({ application }) => application === 'fine'),
      );
      deepStrictEqual(
        seen.map(({ application }) => application).filter((name) => !/^[a-z0-9-]{1,63}$/.test(name) || name === '-'),
        [],
      );
    },
  },
  {
    name: 'has a report stored that is larger than a report may be',
    stoppedBy: "the stream's largest message",
    run: async (scene) => {
      const answer = await scene.attacker.request(`fleet.v1.up.${scene.me}.status.large`, new Uint8Array(100_000));
      match(answer.string(), /"err_code":10054/);
      equal(await scene.lastReport(scene.me, 'large'), undefined);
    },
  },
  {
    name: 'has a heartbeat stored that is larger than a heartbeat may be',
    stoppedBy: "the stream's largest message",
    run: async (scene) => {
      await scene.publish(`fleet.v1.up.${scene.me}.heartbeat`, new Uint8Array(100_000));
      await scene.publish(`fleet.v1.up.${scene.me}.heartbeat`, 'small');
      await eventually(() => scene.heartbeats.length > 0, 'the small one');
      deepStrictEqual(
        scene.heartbeats.map(({ body }) => text(body)),
        ['small'],
      );
    },
  },
  {
    name: 'sends a message larger than an agent may',
    stoppedBy: 'the largest payload of its credential: the broker cuts it off',
    run: async (scene) => {
      const raw = `PUB fleet.v1.up.${scene.me}.status.shop 300000\r\n${'x'.repeat(300_000)}\r\n`;
      match(await scene.sendRaw(raw), /maximum payload/i);
    },
  },
  {
    name: 'sends a subject that never ends',
    stoppedBy: "the broker's longest line: it cuts it off",
    run: async (scene) => {
      match(
        await scene.sendRaw(`PUB fleet.v1.up.${scene.me}.status.${'x'.repeat(200_000)} 1\r\nx\r\n`),
        /control line|closed|reset/i,
      );
    },
  },
  {
    name: 'speaks as a server does to another',
    stoppedBy: 'a client that sends words of servers is cut off',
    run: async (scene) => {
      match(
        await scene.sendRaw(`RMSG $G fleet.v1.up.${scene.victim}.status.shop 1\r\nx\r\n`),
        /unknown protocol|closed|reset/i,
      );
    },
  },
  {
    name: 'holds more subscriptions than an agent needs',
    stoppedBy: 'its credential has 20',
    run: async (scene) => {
      const { connection, errors } = await scene.second();
      for (let n = 0; n < 25; n += 1) connection.subscribe(`_INBOX.${scene.me}.${n}.>`, { callback: () => undefined });
      await connection.flush().catch(() => undefined);
      await eventually(() => errors.some((each) => /maximum subscriptions/i.test(each)), 'the limit');
      await connection.close();
    },
  },
  {
    name: 'opens a hundred connections',
    stoppedBy:
      "nothing short of the broker's 65,536 connections; each costs it a TLS handshake of its own, others come in beside it, and removing the cluster ends all of them",
    run: async (scene) => {
      const many = await Promise.all(Array.from({ length: 100 }, () => scene.second()));
      await scene.bystanderIsServed();
      await Promise.all(many.map(({ connection }) => connection.close()));
    },
  },
  {
    name: 'asks for the account of the hub as it logs in',
    stoppedBy: 'the credential decides which account it is in: the broker refuses the login',
    run: async (scene) => {
      await scene.refused(scene.credential, scene.seed, { account: scene.broker.keys.hub.publicKey });
    },
  },
  {
    name: 'signs another nonce than that of this login',
    stoppedBy: "the broker's nonce is new at each login",
    run: async (scene) => {
      const old = nkeyFromSeed(scene.seed).sign(Buffer.from('an earlier nonce')).toString('base64url');
      await scene.refused(scene.credential, scene.seed, { sig: old });
      await scene.refused(scene.credential, scene.seed, { sig: '' });
    },
  },
  {
    name: 'stays connected after its credential was revoked, and comes back with it',
    stoppedBy: 'the broker drops the connection and refuses the key from then on',
    run: async (scene) => {
      const { publicKey, seed } = makeAgentKey();
      const credential = await scene.hub.mintCredential(scene.me, publicKey);
      const connection = await scene.connectAs(credential, seed);
      await scene.hub.revokeCredential(publicKey);
      await connection.closed();
      await scene.refused(credential, seed);
      // The hub's own word for the other hubs.
      deepStrictEqual(scene.spied.splice(0), [`$KV.revoked.${publicKey}`]);
    },
  },
  {
    name: 'stays connected when its credential ends',
    stoppedBy: 'the broker cuts the connection at that second',
    run: async (scene) => {
      const { publicKey, seed } = makeAgentKey();
      const connection = await scene.connectAs(await scene.hub.mintCredential(scene.me, publicKey, 2), seed);
      await connection.closed();
    },
  },
  {
    name: 'listens before TLS',
    stoppedBy: 'TLS comes before the first byte',
    run: async (scene) => {
      const received = await new Promise<string>((resolve) => {
        const socket = connectTcp(scene.broker.nats.port, '127.0.0.1');
        let data = '';
        socket.on('data', (chunk) => (data += chunk.toString('latin1')));
        socket.on('close', () => resolve(data));
        socket.on('error', () => resolve(data));
        socket.write('CONNECT {}\r\nPING\r\n');
        setTimeout(() => socket.destroy(), 500);
      });
      doesNotMatch(received, /INFO|PONG|nonce/);
    },
  },
  {
    name: "asks about connections with the hub's own user in the system account, had it that",
    stoppedBy: 'that user may hand in accounts and hear of disconnects, nothing else',
    run: async (scene) => {
      const user = makeNkey('user');
      const system = await scene.connectAs(systemUserJwt(scene.broker.keys, user.publicKey, now()), user.seed);
      const answer = await system
        .request('$SYS.REQ.SERVER.PING.CONNZ', '', { timeout: 300 })
        .catch((error: unknown) => error);
      match(String(answer), /permission/i);
      await system.close();
    },
  },
  {
    name: 'has the broker trace a message to see what is behind the accounts',
    stoppedBy: 'no export allows traces: it is told of its own account alone',
    run: async (scene) => {
      const told: string[] = [];
      const inbox = `_INBOX.${scene.me}.trace`;
      const subscription = scene.attacker.subscribe(inbox, {
        callback: (_error, message) => void told.push(message.string()),
      });
      const trace = headers();
      trace.set('Nats-Trace-Dest', inbox);
      await scene.publish(`fleet.v1.up.${scene.me}.status.shop`, 'mine', { headers: trace });
      await scene.publish(`fleet.v1.rpc.${scene.me}.renew`, '', { headers: trace });
      await pause(200);
      subscription.unsubscribe();
      doesNotMatch(told.join(), new RegExp(`${scene.victim}|STATUS|flotilla-hub`));
    },
  },
  {
    name: 'floods the hub with heartbeats',
    stoppedBy: 'a stream keeps the latest four of each cluster, and hubs read it at their own pace',
    run: async (scene) => {
      const flood = scene.flood(`fleet.v1.up.${scene.me}.heartbeat`, 100, 3_000);
      await pause(500);
      await scene.bystanderIsServed();
      await flood;
      await scene.bystanderIsServed();
    },
  },
  {
    name: 'floods the hub with heartbeats so large that the broker would cut the hub off as a slow reader',
    stoppedBy: 'the stream of heartbeats takes none over 40 KiB, and hubs read it at their own pace',
    run: async (scene) => {
      for (const size of [30_000, 250_000]) {
        const flood = scene.flood(`fleet.v1.up.${scene.me}.heartbeat`, size, 2_000);
        await pause(500);
        await scene.bystanderIsServed();
        await flood;
      }
    },
  },
  {
    name: 'floods the hub with requests to renew',
    stoppedBy:
      'the hub stops listening to them for a second when more than 200 come in a tenth of one; who renews tries again, and has eight hours',
    run: async (scene) => {
      const started = performance.now();
      const flood = scene.flood(`fleet.v1.rpc.${scene.me}.renew`, 100, 3_000);
      await pause(500);
      await scene.bystanderIsServed();
      const sent = await flood;
      const seconds = Math.ceil((performance.now() - started) / 1_000);
      // Each is a look into the database; what is on its way when a window closes comes on top.
      ok(scene.renewed.length <= 400 * (seconds + 1), `${scene.renewed.length} of ${sent} in ${seconds} s`);
      let renewed = '';
      for (let attempt = 0; renewed === '' && attempt < 50; attempt += 1) {
        renewed = await scene.bystanderBus.renewCredential().catch(() => '');
        await pause(100);
      }
      equal(renewed, `a credential for ${scene.bystander}`);
    },
  },
  {
    name: 'floods the stream with one report',
    stoppedBy: 'it keeps one message for each cluster and application',
    run: async (scene) => {
      const flood = scene.flood(`fleet.v1.up.${scene.me}.status.shop`, 1_000, 2_000);
      await pause(300);
      await scene.bystanderIsServed();
      await flood;
      const { state } = await scene.manager.streams.info('STATUS', {
        subjects_filter: `fleet.v1.up.${scene.me}.status.shop`,
      });
      deepStrictEqual(Object.values(state.subjects ?? {}), [1]);
    },
  },
  {
    name: 'floods the stream with reports on applications that it makes up, while a hub reads',
    stoppedBy: "the hub counts as it reads, and has all but the latest of that cluster's own reports purged",
    run: async (scene) => {
      const subject = `fleet.v1.up.${scene.me}.status.made-up`;
      const reading = await scene.hub.consumeStatus(async () => undefined);
      await scene.flood(subject, 100, 2_000, { names: true, least: 10 * QUOTA });
      await scene.hub.drainStatus();
      const mine = async (): Promise<number> => {
        const { state } = await scene.manager.streams.info('STATUS', {
          subjects_filter: `fleet.v1.up.${scene.me}.status.*`,
        });
        return Object.keys(state.subjects ?? {}).length;
      };
      let left = Infinity;
      for (let look = 0; look < 200 && left > 2 * QUOTA; look += 1) {
        left = await mine();
        await pause(50);
      }
      await reading.stop();
      ok(left <= 2 * QUOTA, `${left} are left`);
      await scene.bystanderIsServed();
    },
  },
  {
    name: 'fills the stream of reports while no hub reads',
    stoppedBy:
      'a full stream refuses what is new instead of dropping what is there; who is refused tries again, and the first hub that reads makes room',
    run: async (scene) => {
      await scene.bystanderIsServed();
      await scene.manager.streams.update('STATUS', { max_bytes: 4 * 1024 * 1024 });
      try {
        await scene.flood(`fleet.v1.up.${scene.me}.status.fill`, 4_000, 1_000, { names: true, least: 1_500 });
        const refused = scene.bystanderBus.publishStatus('new', bytes('x'.repeat(8_000)));
        await refused.then(
          () => ok(false, 'the stream was not full'),
          (error: unknown) => match(String(error), /did not store/),
        );
        ok((await scene.lastReport(scene.bystander, 'shop')) !== undefined);
        const reading = await scene.hub.consumeStatus(async () => undefined);
        for (let attempt = 0; ; attempt += 1) {
          const again = await scene.bystanderBus
            .publishStatus('new', bytes('x'.repeat(8_000)))
            .catch((error: unknown) => error);
          if (again === undefined) break;
          ok(attempt < 200, again instanceof Error ? again.message : 'refused');
          await pause(100);
        }
        await reading.stop();
      } finally {
        await scene.manager.streams.purge('STATUS', { filter: `fleet.v1.up.${scene.me}.status.*` });
        await scene.manager.streams.update('STATUS', { max_bytes: 1024 ** 3 });
      }
    },
  },
  {
    name: 'asks for more than it reads, so that the broker holds it all for it',
    stoppedBy:
      'the broker drops a reader for whom 64 MiB wait, or who takes nothing for 10 s; nobody waits for it meanwhile',
    run: async (scene) => {
      const mine = await scene.hub.getManifest(scene.me);
      const large = await scene.hub.putManifest(scene.me, new Uint8Array(200 * 1024), mine?.revision ?? 0);
      const reader = await StalledReader.open(scene);
      try {
        reader.ask(1_500);
        for (let n = 0; n < 5; n += 1) {
          scene.hub.nudge(scene.me);
          await scene.bystanderIsServed();
        }
        await eventually(() => scene.gone.includes(scene.me), 'the end of the one that does not read', 60_000);
        await reader.ended();
        await scene.bystanderIsServed();
      } finally {
        reader.close();
        await scene.hub.putManifest(scene.me, bytes('the attacker has this one'), large.revision);
        await pause(50);
        // The hub's own words to it.
        scene.spied = scene.spied.filter((subject) => !subject.includes(scene.me));
      }
    },
  },
];

/** An agent's key and credential in the wrong hands, against the bus. */
export const hostileAgent: AttemptTable<HostileScene> = {
  title: 'A hostile agent',
  who: 'Whoever holds the key and the credential of one cluster, past every check of our own client, against a real nats-server in which a hub and other clusters live. After each attempt the victim’s manifest, report and bundle are looked at from the hub’s side.',
  test: 'test/trust/hostile-agent.test.ts',
  attempts: [
    ...publishing.map(([name, subject]): Try => ({
      name,
      stoppedBy: PERMISSIONS,
      run: (scene) => scene.deniedPublish(subject(scene)),
    })),
    ...listening.map(([what, subject]): Try => ({
      name: `listens to ${what}`,
      stoppedBy: PERMISSIONS,
      run: (scene) => scene.deniedSubscribe(subject(scene)),
    })),
    {
      name: "joins the queue group of another's subscription",
      stoppedBy: PERMISSIONS,
      run: (scene) => scene.deniedSubscribe(`fleet.v1.down.${scene.victim}.>`, 'any'),
    },
    {
      name: "joins the hubs' queue group",
      stoppedBy: PERMISSIONS,
      run: (scene) => scene.deniedSubscribe('fleet.v1.rpc.*.renew', 'hub'),
    },
    ...replies.map(([what, reply]): Try => ({
      name: `sends its own reports, renewals and reads with such a reply subject that the broker's answer ${what}`,
      stoppedBy: 'two accounts: across an import a reply subject is of the agents’ account, where nothing is stored',
      run: async (scene) => {
        const { me } = scene;
        for (const subject of [
          `fleet.v1.up.${me}.status.shop`,
          `fleet.v1.up.${me}.heartbeat`,
          `fleet.v1.rpc.${me}.renew`,
          `fleet.v1.get.${me}`,
          `fleet.v1.blob.${DIGEST}.0`,
        ]) {
          await scene.publish(subject, 'mine', { reply: reply(scene) });
        }
      },
    })),
    ...readBodies.map(([what, body]): Try => ({
      name: `widens the read of its own manifest by a body that asks for ${what}`,
      stoppedBy: 'the subject in the read decides, and the account’s import fixes it',
      run: async (scene) => {
        const words = JSON.stringify(body).replace('VICTIM', scene.victim);
        const answers: string[] = [];
        const options = { maxWait: 200, strategy: 'timer' } as const;
        for await (const answer of await scene.attacker.requestMany(`fleet.v1.get.${scene.me}`, words, options)) {
          answers.push(answer.string());
        }
        scene.knowsNothing(answers.join());
      },
    })),
    ...guesses.map(([digest, chunk]): Try => ({
      name: `reads a bundle whose digest it does not know, by asking for \`${shortened(digest)}\` and chunk \`${chunk}\``,
      stoppedBy: 'a digest is cut in two tokens: a wildcard can’t be, and matches nothing',
      run: async (scene) => {
        for (const prefix of ['fleet.v1.blob', 'fleet.v1.chunk', '$JS.API.DIRECT.GET.KV_bundle.$KV.bundle']) {
          scene.knowsNothing(await scene.ask(`${prefix}.${digest}.${chunk}`));
        }
      },
    })),
    ...hostileHeaders.map(([what, stoppedBy, values]): Try => ({
      name: `sends a report with headers by which it ${what}`,
      stoppedBy,
      run: async (scene) => {
        const hostile = headers();
        for (const [name, value] of Object.entries(values)) {
          hostile.set(
            name,
            value.replace('VICTIM', scene.victim).replace('SOON', new Date(Date.now() + 50).toISOString()),
          );
        }
        await scene.publish(`fleet.v1.up.${scene.me}.status.shop`, 'mine', { headers: hostile });
        await scene.publish(`fleet.v1.up.${scene.me}.heartbeat`, 'mine', { headers: hostile });
        await pause(100);
      },
    })),
    ...forgeries.map(([what, stoppedBy, forge]): Try => ({
      name: `logs in with ${what}`,
      stoppedBy,
      run: async (scene) => {
        const [credential, seed] = await forge(scene);
        await scene.refused(credential, seed);
      },
    })),
    ...deeds,
  ],
};

function shortened(digest: string): string {
  return digest.length > 12 ? `${digest.slice(0, 8)}…${digest.slice(-4)}` : digest;
}
