import { equal, ok, rejects } from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { AgentBus, HubBus } from '#ports';
import { bytes, eventually, joinAgent, pause, text } from '#ports/contract-suites/bus-broker';
import { makeAgentKey } from '../../libs/bus/src/agent-key.js';
import { PART_HEADER, PARTS_HEADER } from '../../libs/bus/src/answer-parts.js';
import { splitUrls, tlsOptions } from '../../libs/bus/src/client-options.js';
import { nkeyFromSeed } from '../../libs/bus/src/nkey.js';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';

type Try = Attempt<AnsweringScene>;

const PERMISSIONS = "the credential's permissions";
const BOUNDS =
  'the hub bounds parts, their sizes and what they inflate to, and ends the ask at the first that is wrong';
const newId = (): string => randomBytes(16).toString('hex');

/** A hub that asks, a victim that answers, and an agent that was taken over. */
export class AnsweringScene {
  readonly victim = randomUUID();
  readonly me = randomUUID();
  hub!: HubBus;
  victimBus!: AgentBus;
  attacker!: NatsConnection;
  complaints: string[] = [];
  /** Called with each ask that the attacker is given. */
  onAsk: (message: Msg) => void = () => undefined;

  private constructor(readonly broker: RealBroker) {}

  static async open(): Promise<AnsweringScene> {
    const scene = new AnsweringScene(await RealBroker.open());
    const { broker, me } = scene;
    scene.hub = await broker.openHub();
    scene.victimBus = (await joinAgent(broker, scene.hub, scene.victim)).bus;
    const { publicKey, seed } = makeAgentKey();
    const credential = await scene.hub.mintCredential(me, publicKey);
    const key = nkeyFromSeed(seed);
    scene.attacker = await connect({
      servers: splitUrls(broker.nats.url),
      tls: tlsOptions(broker.certificates.caPem),
      authenticator: (nonce) => ({ jwt: credential, sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url') }),
      inboxPrefix: `_INBOX.${me}`,
      reconnect: false,
    });
    const watch = async (): Promise<void> => {
      for await (const status of scene.attacker.status()) {
        if (status.type === 'error') scene.complaints.push(status.error.message);
      }
    };
    watch().catch((error: unknown) => scene.complaints.push(String(error)));
    scene.attacker.subscribe(`fleet.v1.down.${me}.ask`, { callback: (_error, message) => scene.onAsk(message) });
    await scene.attacker.flush();
    return scene;
  }

  async close(): Promise<void> {
    await this.attacker?.close();
    await this.broker.close();
  }

  begin(): void {
    this.complaints = [];
    this.onAsk = () => undefined;
  }

  part(subject: string, number: string, count: string, body: Uint8Array): void {
    const which = headers();
    which.set(PART_HEADER, number);
    which.set(PARTS_HEADER, count);
    this.attacker.publish(subject, body, { headers: which });
  }

  /** Asks the victim, has `meanwhile` done before it answers, and fails unless the hub takes its answer and no other. */
  async victimAnswers(id: string, meanwhile: () => Promise<void>): Promise<void> {
    const answer = this.hub.ask(this.victim, id, bytes('who is there?'), { timeoutMs: 30_000 });
    answer.catch(() => undefined);
    await pause(50);
    await meanwhile();
    await this.victimBus.publishAnswer(id, bytes('the victim'));
    equal(text(await answer), 'the victim');
  }

  async denied(act: () => void): Promise<void> {
    act();
    await this.attacker.flush();
    await eventually(() => /permissions violation/i.test(this.complaints.join()), 'the denial');
  }

  /** The attacker is asked, answers so, and the hub takes none of it. */
  async answerRefused(answer: (subject: string) => void): Promise<void> {
    const id = newId();
    this.onAsk = () => answer(`fleet.v1.up.${this.me}.answer.${id}`);
    await rejects(this.hub.ask(this.me, id, bytes('x'), { timeoutMs: 30_000 }), { code: 'answer-invalid' });
  }
}

const listening: readonly (readonly [string, (scene: AnsweringScene) => string])[] = [
  ["another's asks", ({ victim }) => `fleet.v1.down.${victim}.ask`],
  ["everybody's asks", () => 'fleet.v1.down.*.ask'],
  ["another's answers", ({ victim }) => `fleet.v1.up.${victim}.answer.*`],
  ["everybody's answers", () => 'fleet.v1.up.*.answer.>'],
  ['its own answers as the hub hears them', ({ me }) => `fleet.v1.up.${me}.answer.*`],
];

const asking: readonly (readonly [string, (scene: AnsweringScene) => string])[] = [
  ['asks another cluster', ({ victim }) => `fleet.v1.down.${victim}.ask`],
  ['asks its own cluster', ({ me }) => `fleet.v1.down.${me}.ask`],
];

const badAnswers: readonly (readonly [string, (scene: AnsweringScene, subject: string) => void])[] = [
  ['says nothing of its parts', ({ attacker }, subject) => attacker.publish(subject, gzipSync('x'))],
  ['has a million parts', (scene, subject) => scene.part(subject, '0', '1000000', gzipSync('x'))],
  ['has a part past the last', (scene, subject) => scene.part(subject, '7', '2', gzipSync('x'))],
  [
    'has one part twice',
    (scene, subject) => {
      scene.part(subject, '0', '2', gzipSync('x'));
      scene.part(subject, '0', '2', gzipSync('x'));
    },
  ],
  ['has a part that is too large', (scene, subject) => scene.part(subject, '0', '1', randomBytes(200 * 1024))],
  ['is no gzip', (scene, subject) => scene.part(subject, '0', '1', bytes('{}'))],
  ['would inflate to 100 MiB', (scene, subject) => scene.part(subject, '0', '1', bomb())],
];

/** An agent's key and credential in the wrong hands, against the hub's questions to agents. */
export const hostileAnswers: AttemptTable<AnsweringScene> = {
  title: 'A hostile agent that is asked, or hears that others are',
  who: 'Whoever holds the key and the credential of one cluster, against what the hub asks that cluster and others.',
  test: 'test/trust/hostile-answers.test.ts',
  attempts: [
    ...listening.map(([what, subject]): Try => ({
      name: `listens to ${what}`,
      stoppedBy: PERMISSIONS,
      run: (scene) => scene.denied(() => void scene.attacker.subscribe(subject(scene), { callback: () => undefined })),
    })),
    ...asking.map(([name, subject]): Try => ({
      name,
      stoppedBy: PERMISSIONS,
      run: async (scene) => {
        let asks = 0;
        scene.victimBus.onAsk(() => void (asks += 1));
        await scene.denied(() => scene.attacker.publish(subject(scene), 'forged'));
        await pause(50);
        equal(asks, 0);
      },
    })),
    {
      name: 'answers in another’s place although it knows the id',
      stoppedBy: PERMISSIONS,
      run: async (scene) => {
        const id = newId();
        const subject = `fleet.v1.up.${scene.victim}.answer.${id}`;
        await scene.victimAnswers(id, () =>
          scene.denied(() => scene.part(subject, '0', '1', gzipSync('the attacker'))),
        );
      },
    },
    {
      name: 'answers another’s ask by its id under its own name',
      stoppedBy: 'the hub waits on a subject of the asked cluster’s',
      run: async (scene) => {
        const id = newId();
        await scene.victimAnswers(id, async () => {
          scene.part(`fleet.v1.up.${scene.me}.answer.${id}`, '0', '1', gzipSync('the attacker'));
          await scene.attacker.flush();
        });
        equal(scene.complaints.join(), '');
      },
    },
    {
      name: 'has the broker’s acknowledgement of its own report, or the hub’s word, put into another’s answer',
      stoppedBy: 'two accounts: across an import a reply subject is of the agents’ account, where no hub listens',
      run: async (scene) => {
        scene.hub.onRenew(async (cluster) => `a credential for ${cluster}`);
        const id = newId();
        await scene.victimAnswers(id, async () => {
          const reply = `fleet.v1.up.${scene.victim}.answer.${id}`;
          const which = headers();
          which.set(PART_HEADER, '0');
          which.set(PARTS_HEADER, '1');
          for (const subject of [`up.${scene.me}.status.shop`, `rpc.${scene.me}.renew`, `get.${scene.me}`]) {
            scene.attacker.publish(`fleet.v1.${subject}`, 'mine', { reply, headers: which });
          }
          await scene.attacker.flush();
          await pause(100);
        });
      },
    },
    {
      name: 'has its own words handed to another’s agent as an ask',
      stoppedBy: 'only the broker’s own words get there, and an agent answers what the hub has signed alone',
      run: async (scene) => {
        const asks: string[] = [];
        scene.victimBus.onAsk((envelope) => void asks.push(text(envelope) ?? ''));
        scene.attacker.publish(`fleet.v1.up.${scene.me}.status.shop`, 'forged', {
          reply: `fleet.v1.down.${scene.victim}.ask`,
        });
        await scene.attacker.flush();
        await pause(100);
        ok(!asks.join().includes('forged'));
      },
    },
    ...badAnswers.map(([what, answer]): Try => ({
      name: `gives an answer that ${what}`,
      stoppedBy: BOUNDS,
      run: (scene) => scene.answerRefused((subject) => answer(scene, subject)),
    })),
    {
      name: 'floods the hub with parts of an answer',
      stoppedBy: 'the hub stops listening at the first part too many; the next answer is taken as ever',
      run: async (scene) => {
        const id = newId();
        const subject = `fleet.v1.up.${scene.me}.answer.${id}`;
        const body = new Uint8Array(100 * 1024);
        let isFlooding = true;
        const flood = async (): Promise<void> => {
          for (let n = 0; isFlooding && n < 2_000; n += 1) {
            scene.part(subject, String(n % 64), '64', body);
            if (n % 16 === 15) await scene.attacker.flush();
          }
        };
        let flooded: Promise<void> = Promise.resolve();
        scene.onAsk = () => void (flooded = flood());
        const before = process.memoryUsage.rss();
        await rejects(scene.hub.ask(scene.me, id, bytes('x'), { timeoutMs: 30_000 }), { code: 'answer-invalid' });
        // The broker says at once that nobody listens to that subject any more.
        await rejects(scene.attacker.request(subject, body, { timeout: 20_000 }), /no responders/i);
        isFlooding = false;
        await flooded;
        ok(process.memoryUsage.rss() - before < 256 * 1024 * 1024);
        const next = newId();
        scene.onAsk = () => scene.part(`fleet.v1.up.${scene.me}.answer.${next}`, '0', '1', gzipSync('fine again'));
        equal(text(await scene.hub.ask(scene.me, next, bytes('x'), { timeoutMs: 30_000 })), 'fine again');
      },
    },
    {
      name: 'is waited for longer by sending each part just in time',
      stoppedBy: 'three timeouts are the most for all of an answer',
      run: async (scene) => {
        const id = newId();
        let number = 0;
        const timer = setInterval(() => {
          scene.part(`fleet.v1.up.${scene.me}.answer.${id}`, String(number++), '64', new Uint8Array(1));
        }, 100);
        const asked = scene.hub.ask(scene.me, id, bytes('x'), { timeoutMs: 500 });
        await rejects(asked, { code: 'agent-silent' }).finally(() => clearInterval(timer));
        ok(number < 64);
      },
    },
  ],
};

/** 120 KiB or so that inflate to 100 MiB. */
function bomb(): Uint8Array {
  return gzipSync(Buffer.alloc(100 * 1024 * 1024), { level: 9 });
}
