import { deepStrictEqual, doesNotMatch, equal, notEqual, ok } from 'node:assert/strict';
import { makeAgentKey, openAgentBus, signByAgentKey } from '#bus';
import { joinProofText, type JoinAnswer } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { createLogger } from '#kit';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import type { JoinScene } from './join.scene.js';

const SINGLE_USE = 'the token is spent by the first key that presents it, in one statement';
const PROOF = 'the signature by the key itself over the token';
const RENEWAL = 'the proof by the key that the cluster joined with, over cluster and time';
const ADMIN = 'only an admin makes join tokens, each for one cluster';
const DAY_MS = 24 * 3_600_000;

const tokens: readonly Attempt<JoinScene>[] = [
  {
    name: 'comes with a token that nobody made',
    stoppedBy: 'the hash of the token, which is all that the database has',
    run: async (scene) => {
      scene.is(await scene.join(`fj_${'a'.repeat(43)}`, makeAgentKey()), 404, 'token-unknown');
      scene.is(await scene.join('nonsense', makeAgentKey()), 400, 'invalid');
    },
  },
  {
    name: 'comes with a token whose hour is over',
    stoppedBy: "the token's end, by the hub's clock",
    run: async (scene) => {
      const { token, cluster, url } = await scene.register();
      await scene.database.query('update join_tokens set expires_at = $1 where uid = $2', [
        Date.now() - 1,
        cluster.uid,
      ]);
      scene.is(await scene.join(token, makeAgentKey()), 410, 'token-expired');
      scene.is(await scene.send(scene.nobody, 'GET', new URL(url).pathname), 410, 'token-expired');
      equal((await scene.stored(cluster.uid)).state, 'registered');
    },
  },
  {
    name: 'asks for a token that lives longer than a week',
    stoppedBy: 'the bound on its life',
    run: async (scene) => {
      const body = JSON.stringify({ name: scene.name(), tokenTtl: '8d' });
      scene.is(await scene.send(scene.hub.api, 'POST', '/api/v1/clusters', body), 400, 'invalid');
    },
  },
  {
    name: 'uses the token of an agent that is in',
    stoppedBy: SINGLE_USE,
    run: async (scene) => {
      const { token, answer, key } = await scene.member();
      scene.is(await scene.join(token, makeAgentKey()), 410, 'token-spent');
      scene.is(await scene.send(scene.nobody, 'GET', `/api/v1/install/${token}`), 410, 'token-spent');
      equal((await scene.stored(answer.cluster)).publicKey, key.publicKey);
      // The one who spent it may repeat itself: its answer may have been lost.
      equal((await scene.join(token, key)).status, 200);
    },
  },
  {
    name: 'races seven others with one token',
    stoppedBy: SINGLE_USE,
    run: async (scene) => {
      const { token, cluster } = await scene.register();
      const keys = Array.from({ length: 8 }, makeAgentKey);
      const answers = await Promise.all(keys.map((key) => scene.join(token, key)));
      const winners = keys.filter((_key, index) => answers[index]?.status === 200);
      equal(winners.length, 1);
      equal(answers.filter(({ code }) => code === 'token-spent').length, 7);
      equal((await scene.stored(cluster.uid)).publicKey, winners[0]?.publicKey);
    },
  },
  {
    name: 'uses a token after a newer one was made for the cluster',
    stoppedBy: 'a new token ends those before it',
    run: async (scene) => {
      const { token, cluster } = await scene.register();
      await scene.invite(cluster.name);
      scene.is(await scene.join(token, makeAgentKey()), 410, 'token-expired');
    },
  },
  {
    name: 'uses a token of a cluster that was removed meanwhile',
    stoppedBy: 'the end of a registration ends its tokens',
    run: async (scene) => {
      const { token, cluster } = await scene.register();
      equal((await scene.remove(cluster.name)).status, 200);
      scene.is(await scene.join(token, makeAgentKey()), 410, 'token-expired');
    },
  },
  {
    name: 'joins at the very moment at which the cluster is removed',
    stoppedBy: 'both in transactions: the key is refused, or revoked with the registration',
    run: async (scene) => {
      for (let turn = 0; turn < 10; turn += 1) {
        const { token, cluster } = await scene.register();
        const key = makeAgentKey();
        await Promise.all([scene.join(token, key), scene.remove(cluster.name)]);
        const { state, publicKey } = await scene.stored(cluster.uid);
        equal(state, 'revoked');
        if (publicKey !== null) ok(await scene.hub.hub.store.read.revocations.has(publicKey));
        scene.is(await scene.renew(cluster.uid, key), 401, 'renewal-refused');
      }
    },
  },
  {
    name: 'makes a token with the credential of an operator',
    stoppedBy: ADMIN,
    run: async (scene) => {
      const { cluster } = await scene.register();
      const name = `operator-of-${cluster.name}`;
      const { token } = await scene.hub.api.post<{ token: string }>('/api/v1/tokens', { name, role: 'operator' });
      const operator = scene.hub.api.as(token);
      try {
        equal((await scene.send(operator, 'POST', `/api/v1/clusters/${cluster.name}/token`, '{}')).status, 403);
        equal(
          (await scene.send(operator, 'POST', '/api/v1/clusters', JSON.stringify({ name: scene.name() }))).status,
          403,
        );
      } finally {
        operator.close();
      }
    },
  },
  {
    name: 'looks for a token in the database, the audit and the log',
    stoppedBy: 'only its SHA-256 is kept, and nothing of it is said',
    run: async (scene) => {
      const { token, name } = await scene.member();
      await scene.join(token, makeAgentKey());
      const { rows } = await scene.database.query<{ all: string }>(
        `select (select string_agg(t::text, ' ') from join_tokens t) || (select string_agg(a::text, ' ') from audit a) as all`,
      );
      ok(!(rows[0]?.all ?? '').includes(token));
      ok(rows[0]?.all.includes(name));
      ok(!scene.log.includes(token));
      const malformed = await scene.send(scene.nobody, 'GET', '/api/v1/install/fj_half-a-token');
      equal(malformed.status, 404);
      doesNotMatch(malformed.text, /half-a-token/);
    },
  },
];

const proofs: readonly Attempt<JoinScene>[] = [
  {
    name: 'signs the proof with another key than it names',
    stoppedBy: PROOF,
    run: async (scene) => {
      const { token, cluster } = await scene.register();
      const [key, other] = [makeAgentKey(), makeAgentKey()];
      const proof = signByAgentKey(other.seed, joinProofText(token));
      scene.is(await scene.join(token, key, { proof }), 401, 'bad-proof');
      // It has spent nothing.
      await scene.joined(token, key);
      equal((await scene.stored(cluster.uid)).publicKey, key.publicKey);
    },
  },
  {
    name: 'sends no proof, half of one, or one over something else',
    stoppedBy: PROOF,
    run: async (scene) => {
      const { token } = await scene.register();
      const key = makeAgentKey();
      const others = [
        '',
        'not base64 !',
        signByAgentKey(key.seed, token),
        signByAgentKey(key.seed, joinProofText('x')),
      ];
      for (const proof of others) scene.is(await scene.join(token, key, { proof }), 401, 'bad-proof');
    },
  },
  {
    name: 'presents somebody’s proof, overheard, for a key of its own',
    stoppedBy: PROOF,
    run: async (scene) => {
      const { token } = await scene.register();
      const [theirs, own] = [makeAgentKey(), makeAgentKey()];
      const proof = signByAgentKey(theirs.seed, joinProofText(token));
      scene.is(await scene.join(token, own, { proof }), 401, 'bad-proof');
    },
  },
  {
    name: 'repeats a whole join that it overheard, and takes the credential to the bus',
    stoppedBy: 'the server’s challenge, which only the key can sign',
    run: async (scene) => {
      const { token, key } = await scene.member();
      const replayed = JSON.parse((await scene.join(token, key)).text) as JoinAnswer;
      let refused = false;
      const bus = openAgentBus({
        url: replayed.nats.urls.join(','),
        cluster: replayed.cluster,
        credential: () => replayed.credential,
        seed: makeAgentKey().seed,
        caPem: replayed.nats.ca,
        log: createLogger({ level: 'silent' }),
        reconnectDelayMs: () => 50,
        onAuthExpired: () => (refused = true),
      });
      try {
        for (let tries = 0; tries < 600 && !refused; tries += 1)
          await new Promise((resolve) => setTimeout(resolve, 50));
        deepStrictEqual([refused, bus.connected()], [true, false]);
      } finally {
        await bus.close();
      }
    },
  },
  {
    name: 'speaks a protocol that the hub does not',
    stoppedBy: 'the versions, at most one apart',
    run: async (scene) => {
      const { token, cluster } = await scene.register();
      const far = { protocol: PROTOCOL_VERSION + 2 };
      scene.is(await scene.join(token, makeAgentKey(), far), 409, 'protocol-apart');
      equal((await scene.stored(cluster.uid)).state, 'registered');
    },
  },
];

const takeovers: readonly Attempt<JoinScene>[] = [
  {
    name: 'asks for another name, other labels or another cluster in its join',
    stoppedBy: 'the token’s own cluster: a join has no words for it',
    run: async (scene) => {
      const { answer: other } = await scene.member();
      const { token, cluster } = await scene.register(undefined, { env: 'dev' });
      const key = makeAgentKey();
      for (const more of [{ name: 'prod-1' }, { labels: { env: 'prod' } }, { cluster: other.cluster }])
        scene.is(await scene.join(token, key, more), 400, 'invalid');
      await scene.joined(token, key);
      deepStrictEqual((await scene.stored(cluster.uid)).labels, { env: 'dev' });
    },
  },
  {
    name: 'tells facts that look like labels of production',
    stoppedBy: 'facts are read by names of their own, `fact.…`',
    run: async (scene) => {
      const { token, cluster } = await scene.register(undefined, { env: 'dev' });
      equal((await scene.join(token, makeAgentKey(), { facts: { env: 'prod' } })).status, 200);
      const found = async (selector: string): Promise<string> =>
        (await scene.send(scene.hub.api, 'GET', `/api/v1/clusters?selector=${encodeURIComponent(selector)}`)).text;
      ok(!(await found('env=prod')).includes(cluster.uid));
      ok((await found('env=dev')).includes(cluster.uid));
    },
  },
  {
    name: 'registers a cluster under the name of one that is there',
    stoppedBy: 'a unique name among the clusters that are not revoked',
    run: async (scene) => {
      const { name, answer } = await scene.member();
      const body = JSON.stringify({ name, labels: { env: 'prod' } });
      scene.is(await scene.send(scene.hub.api, 'POST', '/api/v1/clusters', body), 409, 'name-taken');
      const { state, labels } = await scene.stored(answer.cluster);
      deepStrictEqual([state, labels], ['joined', {}]);
    },
  },
  {
    name: 'joins a second cluster with the key of the first, so that the end of one is the end of both',
    stoppedBy: 'a key is one cluster’s',
    run: async (scene) => {
      const { key } = await scene.member();
      const { token, cluster } = await scene.register();
      scene.is(await scene.join(token, key), 409, 'key-taken');
      equal((await scene.stored(cluster.uid)).state, 'registered');
      // The token is not lost with it.
      await scene.joined(token, makeAgentKey());
    },
  },
  {
    name: 'goes on with the old key after the cluster was joined again with a new one',
    stoppedBy: 'the revocation, in the transaction of the new join',
    run: async (scene) => {
      const { name, key, answer } = await scene.member();
      const connection = await scene.connect(answer, key);
      await connection.bus.fetchManifest();
      const { token } = await scene.invite(name);
      // An invitation alone ends nothing that works.
      equal((await scene.renew(answer.cluster, key)).status, 200);
      const fresh = makeAgentKey();
      const after = await scene.joined(token, fresh);
      equal(after.cluster, answer.cluster);
      await scene.isLockedOut(connection);
      scene.is(await scene.renew(answer.cluster, key), 401, 'renewal-refused');
      equal((await scene.renew(answer.cluster, fresh)).status, 200);
    },
  },
  {
    name: 'comes back with a revoked key and a new token',
    stoppedBy: 'the list of keys that were ever revoked',
    run: async (scene) => {
      const { name, key } = await scene.member();
      await scene.remove(name);
      const { token } = await scene.register(name);
      scene.is(await scene.join(token, key), 409, 'key-revoked');
    },
  },
  {
    name: 'joins again to stay, while its cluster is being taken out',
    stoppedBy: 'a join changes the key of a cluster that leaves, and not that it leaves',
    run: async (scene) => {
      const { name, answer } = await scene.member();
      equal((await scene.remove(name, 'withdraw')).status, 200);
      const { token } = await scene.invite(name);
      await scene.joined(token, makeAgentKey());
      equal((await scene.stored(answer.cluster)).state, 'leaving');
    },
  },
];

const renewals: readonly Attempt<JoinScene>[] = [
  {
    name: 'renews a credential with a key of its own',
    stoppedBy: RENEWAL,
    run: async (scene) => {
      const { answer, key } = await scene.member();
      scene.is(await scene.renew(answer.cluster, makeAgentKey()), 401, 'renewal-refused');
      scene.is(await scene.renew(answer.cluster, key, { signer: makeAgentKey() }), 401, 'renewal-refused');
    },
  },
  {
    name: 'renews the credential of another cluster by the proof for its own',
    stoppedBy: RENEWAL,
    run: async (scene) => {
      const [mine, theirs] = [await scene.member(), await scene.member()];
      scene.is(await scene.renew(theirs.answer.cluster, mine.key), 401, 'renewal-refused');
      const of = mine.answer.cluster;
      scene.is(await scene.renew(theirs.answer.cluster, theirs.key, { of }), 401, 'renewal-refused');
    },
  },
  {
    name: 'repeats a proof of six minutes ago, or one from the future',
    stoppedBy: 'the time in the proof, five minutes off at most',
    run: async (scene) => {
      const { answer, key } = await scene.member();
      for (const off of [-6 * 60_000, 6 * 60_000])
        scene.is(await scene.renew(answer.cluster, key, { at: Date.now() + off }), 401, 'renewal-refused');
    },
  },
  {
    name: 'renews for a cluster that never joined, or is unknown',
    stoppedBy: RENEWAL,
    run: async (scene) => {
      const { cluster } = await scene.register();
      const known = await scene.renew(cluster.uid, makeAgentKey());
      const unknown = await scene.renew('0190d9a0-0000-7000-8000-000000000000', makeAgentKey());
      scene.is(known, 401, 'renewal-refused');
      // Nobody learns by it which clusters there are.
      equal(known.text, unknown.text);
    },
  },
  {
    name: 'renews after a month of silence',
    stoppedBy: 'the last sign of life, thirty days ago at most',
    run: async (scene) => {
      const { answer, key } = await scene.member();
      const past = Date.now() - 31 * DAY_MS;
      await scene.database.query('update clusters set seen_at = $1, joined_at = $1 where uid = $2', [
        past,
        answer.cluster,
      ]);
      scene.is(await scene.renew(answer.cluster, key), 401, 'renewal-refused');
    },
  },
  {
    name: 'goes on after its cluster was removed',
    stoppedBy: 'the revocation, in the database and in the account that every server holds',
    run: async (scene) => {
      const { name, answer, key } = await scene.member();
      const connection = await scene.connect(answer, key);
      await connection.bus.fetchManifest();
      equal((await scene.remove(name)).status, 200);
      await scene.isLockedOut(connection);
      scene.is(await scene.renew(answer.cluster, key), 401, 'renewal-refused');
      equal((await scene.remove(name)).status, 404);
      // The name is free, for another cluster.
      const { cluster } = await scene.register(name);
      notEqual(cluster.uid, answer.cluster);
      scene.is(await scene.renew(answer.cluster, key), 401, 'renewal-refused');
    },
  },
  {
    name: 'asks for a credential over the bus with a key that was replaced a moment ago',
    stoppedBy: 'a credential is signed for the key of the present join alone',
    run: async (scene) => {
      const { name, answer, key } = await scene.member();
      const connection = await scene.connect(answer, key);
      const { token } = await scene.invite(name);
      const renewed = Promise.allSettled(Array.from({ length: 5 }, () => connection.bus.renewCredential()));
      await scene.joined(token, makeAgentKey());
      for (const each of await renewed) {
        if (each.status !== 'fulfilled') continue;
        const { sub } = JSON.parse(Buffer.from(each.value.split('.')[1] ?? '', 'base64url').toString()) as {
          sub: string;
        };
        // What was signed before the join is revoked with the key, as is what is signed for another key useless to it.
        if (sub === key.publicKey) ok(await scene.hub.hub.store.read.revocations.has(sub));
      }
      await scene.isLockedOut(connection);
    },
  },
];

export const joinAttempts: AttemptTable<JoinScene> = {
  title: 'At the doors by which agents come in',
  who: 'Somebody in the hub’s network, with a token, a key or a recorded request that may be somebody else’s, or with an agent that was let in once.',
  test: 'test/trust/join.test.ts',
  attempts: [...tokens, ...proofs, ...takeovers, ...renewals],
};
