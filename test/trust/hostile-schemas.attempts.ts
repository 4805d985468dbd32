import { deepStrictEqual, equal, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { SchemasAnswer, SchemasAsk } from '#contract';
import { canonicalJson, schemaDocument, sha256, type SchemaDocument } from '#domain';
import { createLogger } from '#kit';
import { type FakeKube, openFakeCluster } from '#kube/fake';
import { type ApiIndex, ManualClock, type Store } from '#ports';
import { createFakeStore } from '#store';
import { answerSchemas } from '../../apps/agent/src/steps/answer/answer-schemas.js';
import { documentPath, indexDigest, readApiIndex } from '../../apps/agent/src/steps/answer/api-index.js';
import { AskForHub } from '../../apps/hub/src/validation/ask-hub.js';
import type { Asked } from '../../apps/hub/src/validation/ask-one-of.js';
import { ClusterApis } from '../../apps/hub/src/validation/cluster-apis.js';
import type { Notary } from '../../apps/hub/src/trust/notary.js';
import { cutAnswer } from '../../libs/bus/src/answer-parts.js';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import type { AnsweringScene } from './hostile-answers.attempts.js';

type Lie = (groupVersion: string | undefined) => SchemasAnswer | null;

const CONTENT = 'a document is shared by the SHA-512 of its bytes, which is computed before anything of it is parsed';
const OWN = 'an index is shared by its digest: another one is that agent’s own cluster’s, and nobody else’s';
const WAIT_MS = 30_000;
const VERSION = 'v1';

const hashOf = (text: string): string => createHash('sha512').update(text).digest('hex').toUpperCase();
const told = (document: string | Uint8Array, groupVersion = VERSION): SchemasAnswer => ({
  document: { groupVersion, gzipped: gzipSync(document).toString('base64') },
});

/** Lets nothing through of ConfigMaps, and everything of what nobody serves. */
const FORGED = JSON.stringify({
  components: {
    schemas: {
      Forged: {
        ...{ type: 'object', properties: { metadata: { type: 'object' } }, required: ['nothing'] },
        'x-kubernetes-group-version-kind': ['ConfigMap', 'Anything'].map((kind) => ({
          group: '',
          version: 'v1',
          kind,
        })),
      },
    },
  },
});

/** The hub's own classes that find out what clusters serve, over that bus: the victim's cluster and the attacker's serve the same. */
export class ServingScene {
  private store!: Store;
  private apis!: ClusterApis;
  private readonly asked: string[] = [];

  private constructor(
    private readonly scene: AnsweringScene,
    private readonly kube: FakeKube,
    readonly index: ApiIndex,
  ) {}

  static async open(scene: AnsweringScene): Promise<ServingScene> {
    const { kube } = openFakeCluster();
    const serving = new ServingScene(scene, kube, (await readApiIndex(kube)) ?? {});
    scene.victimBus.onAsk((envelope) => {
      // Not all that is asked there is of these attempts.
      const text = Buffer.from(envelope).toString();
      if (text.includes('"ask":"schemas"')) serving.answer(JSON.parse(text) as SchemasAsk).catch(() => undefined);
    });
    return serving;
  }

  begin(): void {
    this.asked.length = 0;
    this.store = createFakeStore();
    // What is signed is another suite's.
    const notary = { at: () => Promise.resolve({ sign: (ask: object) => Promise.resolve(ask) }) } as unknown as Notary;
    const agents = new AskForHub(this.store, this.scene.hub, notary);
    this.apis = this.openApis(agents);
  }

  /** The attacker answers so; null: not at all. */
  lies(lie: Lie): void {
    const { scene } = this;
    const answer = async (bytes: Uint8Array): Promise<void> => {
      const { id, groupVersion } = JSON.parse(Buffer.from(bytes).toString()) as SchemasAsk;
      this.asked.push(groupVersion ?? 'index');
      const lied = lie(groupVersion);
      if (lied === null) return;
      const parts = await cutAnswer(Buffer.from(JSON.stringify(lied)));
      const subject = `fleet.v1.up.${scene.me}.answer.${id}`;
      for (const [number, part] of parts.entries()) {
        scene.part(subject, String(number), String(parts.length), part);
      }
    };
    // Whoever asked has ended it, where an answer is too much.
    scene.onAsk = ({ data }) => void answer(data).catch(() => undefined);
  }

  get honestIndex(): SchemasAnswer {
    return { groupVersions: { ...this.index } };
  }

  /** What the API server really has of it. */
  async truth(groupVersion = VERSION): Promise<SchemaDocument> {
    const { body } = await this.kube.request({ method: 'GET', path: documentPath(groupVersion) ?? '' });
    return schemaDocument(groupVersion, body);
  }

  /** The attacker's is asked first; both say that they serve the same. */
  get clusters(): readonly Asked[] {
    const apis = indexDigest(this.index);
    const { me, victim } = this.scene;
    return [
      { uid: me, name: 'attacker', online: true, apis },
      { uid: victim, name: 'victim', online: true, apis },
    ];
  }

  /** What the victim's cluster is held to is what it serves, though the attacker was asked; and so it is from there on. */
  async isUnharmed(): Promise<void> {
    const truth = await this.truth();
    for (let times = 0; times < 2; times += 1) {
      const { index, documents } = await this.apis.of(this.clusters, [VERSION], WAIT_MS);
      deepStrictEqual(index, this.index);
      deepStrictEqual(documents.get(VERSION), truth);
    }
    ok(this.asked.length > 0, 'the attacker was asked');
    const again = this.openApis({} as AskForHub);
    const { documents } = await again.of(this.clusters, [VERSION], WAIT_MS);
    deepStrictEqual(documents.get(VERSION), truth);
  }

  /** What the hub holds the attacker's own cluster to, which told this index. */
  async ofAttacker(index: ApiIndex): Promise<SchemaDocument | undefined> {
    const apis = sha256(canonicalJson(index));
    const { me } = this.scene;
    const found = await this.apis.of([{ uid: me, name: 'attacker', online: true, apis }], [VERSION], WAIT_MS);
    return found.documents.get(VERSION);
  }

  async kinds(): Promise<ReadonlyMap<string, readonly string[] | null> | null> {
    await this.apis.of(this.clusters, Object.keys(this.index), WAIT_MS);
    return await this.apis.kinds(indexDigest(this.index));
  }

  private openApis(agents: AskForHub): ClusterApis {
    const log = createLogger({ level: 'silent' });
    return Object.assign(new ClusterApis(this.store, new ManualClock(), agents), { log });
  }

  private async answer(ask: SchemasAsk): Promise<void> {
    const answer = await answerSchemas(ask, this.kube);
    await this.scene.victimBus.publishAnswer(ask.id, Buffer.from(JSON.stringify(answer)));
  }
}

const falseDocuments: readonly (readonly [string, SchemasAnswer | null])[] = [
  ['schemas of its own making', told(FORGED)],
  ['schemas of its own making, for another group version', told(FORGED, 'apps/v1')],
  ['none, by an answer that has no document', {}],
  ['some that would inflate to 100 MiB', told(Buffer.alloc(100 * 1024 * 1024))],
  ['some that can’t be unpacked', { document: { groupVersion: VERSION, gzipped: 'A'.repeat(1_000_000) } }],
];

/** A cluster's agent that says of what its API server serves what is not so. */
export const hostileSchemas: AttemptTable<ServingScene> = {
  title: 'A hostile agent that is asked what its cluster serves',
  who: 'Whoever holds the key and the credential of one cluster, whose API server serves what those of others serve: releases are held to what an agent told once for all of them. After each attempt the others are held to what they really serve.',
  test: 'test/trust/hostile-answers.test.ts',
  attempts: [
    ...falseDocuments.map(([what, lie]): Attempt<ServingScene> => ({
      name: `tells ${what}, for clusters that serve the same`,
      stoppedBy: CONTENT,
      run: async (scene) => {
        scene.lies((groupVersion) => (groupVersion === undefined ? scene.honestIndex : lie));
        await scene.isUnharmed();
      },
    })),
    {
      name: 'is silent when it is asked what others serve as well',
      stoppedBy: 'another cluster that serves the same is asked beside, after two seconds',
      run: async (scene) => {
        scene.lies((groupVersion) => (groupVersion === undefined ? scene.honestIndex : null));
        await scene.isUnharmed();
      },
    },
    {
      name: 'says that it serves what others serve, and then names schemas of its own making',
      stoppedBy: OWN,
      run: async (scene) => {
        const own = { ...scene.index, [VERSION]: hashOf(FORGED) };
        scene.lies((groupVersion) => (groupVersion === undefined ? { groupVersions: own } : told(FORGED)));
        await scene.isUnharmed();
        deepStrictEqual(Object.keys((await scene.ofAttacker(own))?.kinds ?? {}), ['ConfigMap', 'Anything']);
        await scene.isUnharmed();
      },
    },
    {
      name: 'names more group versions than there can be, or one of a megabyte',
      stoppedBy: 'the schema of its answer',
      run: async (scene) => {
        const many = Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`g${at}/v1`, hashOf('')]));
        for (const groupVersions of [many, { ['x'.repeat(1_000_000)]: hashOf('') }]) {
          scene.begin();
          scene.lies(() => ({ groupVersions }));
          await scene.isUnharmed();
        }
      },
    },
    {
      name: 'names schemas that are nested a hundred thousand deep, and gives them',
      stoppedBy: 'schemas are looked at eighty deep, and bounded in size',
      run: async (scene) => {
        const depth = 100_000;
        const deep = `{"components":{"schemas":{"A":${'{"items":'.repeat(depth)}{}${'}'.repeat(depth)}}}}`;
        const own = { ...scene.index, [VERSION]: hashOf(deep) };
        scene.lies((groupVersion) => (groupVersion === undefined ? { groupVersions: own } : told(deep)));
        const found = (await scene.ofAttacker(own))?.schemas['A'];
        ok(found !== undefined && JSON.stringify(found).length < 2_000);
        await scene.isUnharmed();
      },
    },
    {
      name: 'has charts of others rendered for API versions that their clusters don’t serve',
      stoppedBy: CONTENT,
      run: async (scene) => {
        scene.lies((groupVersion) => (groupVersion === undefined ? scene.honestIndex : told(FORGED, groupVersion)));
        const kinds = await scene.kinds();
        equal(kinds?.size, Object.keys(scene.index).length);
        deepStrictEqual(kinds?.get(VERSION), Object.keys((await scene.truth()).kinds));
        deepStrictEqual(kinds?.get('apps/v1'), Object.keys((await scene.truth('apps/v1')).kinds));
      },
    },
  ],
};
