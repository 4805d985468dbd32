import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_SCHEMAS_BYTES, type SchemasAnswer } from '#contract';
import { canonicalJson, sha256, type JsonObject } from '#domain';
import { createLogger, RetryableError } from '#kit';
import { ManualClock, type Store } from '#ports';
import { createFakeStore } from '#store';
import type { AskForHub } from './ask-hub.js';
import type { Asked } from './ask-one-of.js';
import { ClusterApis } from './cluster-apis.js';
import { KeptDocuments } from './kept-documents.js';
import { SchemaAllowance } from './schema-allowance.js';

const documentOf = (kind: string, more: JsonObject = {}): string => {
  const its = [{ group: '', version: 'v1', kind }];
  const properties = { metadata: { type: 'object' } };
  const schema = { type: 'object', properties, ...more, 'x-kubernetes-group-version-kind': its };
  return JSON.stringify({ components: { schemas: { [kind]: schema } } });
};
const hashOf = (content: string | Uint8Array): string =>
  createHash('sha512').update(content).digest('hex').toUpperCase();
const packed = (content: string | Uint8Array): string => gzipSync(content).toString('base64');

const CORE = documentOf('ConfigMap');
const FORGED = documentOf('Forged');
const INDEX = { v1: hashOf(CORE), 'odd/v1': 'abc', 'none/v1': '' };
const APIS = sha256(canonicalJson(INDEX));

type Answer = (groupVersion: string | undefined) => Promise<SchemasAnswer>;

describe('what clusters share of what they serve', () => {
  let store: Store;
  let clock: ManualClock;
  let asked: string[];
  let answers: Record<string, Answer>;
  let apis: ClusterApis;

  beforeEach(() => {
    store = createFakeStore();
    clock = new ManualClock();
    asked = [];
    answers = {};
    const agents = {
      schemas: ({ uid }: Asked, groupVersion?: string) => {
        asked.push(`${uid} ${groupVersion ?? 'index'}`);
        return (answers[uid] ?? honest)(groupVersion);
      },
    } as unknown as AskForHub;
    apis = Object.assign(new ClusterApis(store, clock, agents), { log: createLogger({ level: 'silent' }) });
  });

  const told = (groupVersion: string, gzipped: string): SchemasAnswer => ({ document: { groupVersion, gzipped } });
  const honest: Answer = (groupVersion) =>
    Promise.resolve(groupVersion === undefined ? { groupVersions: INDEX } : told(groupVersion, packed(CORE)));
  const cluster = (name: string, digest = APIS): Asked => ({ uid: name, name, online: true, apis: digest });
  const both = [cluster('liar'), cluster('honest')];
  const kinds = async (clusters: readonly Asked[], groupVersion = 'v1'): Promise<readonly string[] | null> => {
    const { documents } = await apis.of(clusters, [groupVersion], 5_000);
    const found = documents.get(groupVersion);
    return found === undefined ? null : Object.keys(found.kinds);
  };

  it.each<[string, SchemasAnswer]>([
    ['schemas of its own making', told('v1', packed(FORGED))],
    ['schemas of another group version', told('apps/v1', packed(CORE))],
    ['what would be far too large', told('v1', packed(Buffer.alloc(MAX_SCHEMAS_BYTES + 1)))],
    ['what can’t be unpacked', told('v1', 'bm8gZ3ppcA==')],
    ['a part of them', told('v1', packed(CORE).slice(0, 40))],
    ['something else', { groupVersions: INDEX }],
  ])('are of another where one tells %s', async (_what, lie) => {
    answers['liar'] = (groupVersion) => (groupVersion === undefined ? honest(undefined) : Promise.resolve(lie));
    expect(await kinds(both)).toEqual(['ConfigMap']);
    expect(asked).toEqual(['liar index', 'liar v1', 'honest v1']);
    // And from there on, whoever is asked for.
    expect(await kinds([cluster('liar')])).toEqual(['ConfigMap']);
    expect(asked).toHaveLength(3);
  });

  it('are not known while only one that lies is there, who is not asked again at once and not first', async () => {
    answers['liar'] = () => Promise.resolve(told('v1', packed(FORGED)));
    await store.read.apis.putIndex(APIS, INDEX);
    expect(await kinds([cluster('liar')])).toBeNull();
    expect(await kinds([cluster('liar'), { ...cluster('honest'), online: false }])).toBeNull();
    expect(await store.read.apis.document('v1', INDEX.v1)).toBeNull();
    expect(asked).toEqual(['liar v1']);
    const other = { v1: hashOf(FORGED) };
    const digest = sha256(canonicalJson(other));
    await store.read.apis.putIndex(digest, other);
    answers['honest'] = () => Promise.resolve(told('v1', packed(FORGED)));
    expect(await kinds([cluster('liar', digest), cluster('honest', digest)])).toEqual(['Forged']);
    expect(asked).toEqual(['liar v1', 'honest v1']);
  });

  it('are heard of another where one is silent', async () => {
    let release: (answer: SchemasAnswer) => void = () => undefined;
    answers['liar'] = () => new Promise((resolve) => (release = resolve));
    await store.read.apis.putIndex(APIS, INDEX);
    expect(await kinds(both)).toEqual(['ConfigMap']);
    release({});
  }, 20_000);

  it('are heard of another where one that serves something else besides is asked for them already, and silent', async () => {
    const other = { ...INDEX, 'more/v1': '' };
    const digest = sha256(canonicalJson(other));
    await store.read.apis.putIndex(APIS, INDEX);
    await store.read.apis.putIndex(digest, other);
    answers['liar'] = () => new Promise((_, reject) => setTimeout(reject, 4_000, new RetryableError('late', 'late')));
    const [liars, mine, again] = await Promise.all([
      kinds([cluster('liar', digest)]),
      kinds([cluster('honest')]),
      kinds([cluster('honest')]),
    ]);
    expect([mine, again]).toEqual([['ConfigMap'], ['ConfigMap']]);
    // Known is known, whoever was asked.
    expect(await kinds([cluster('liar', digest)])).toEqual(['ConfigMap']);
    expect(liars === null || liars[0] === 'ConfigMap').toBe(true);
    expect(asked).toEqual(['liar v1', 'honest v1']);
  }, 20_000);

  it('are those of each index: who names another one has it for itself', async () => {
    const own = { v1: hashOf(FORGED) };
    const digest = sha256(canonicalJson(own));
    answers['liar'] = (groupVersion) =>
      Promise.resolve(groupVersion === undefined ? { groupVersions: own } : told('v1', packed(FORGED)));
    // It said that it serves what the others do.
    expect(await kinds(both)).toEqual(['ConfigMap']);
    expect(await kinds([cluster('liar', digest)])).toEqual(['Forged']);
    expect(await kinds(both)).toEqual(['ConfigMap']);
  });

  it('are not asked for where the API server gives no digest by which they could be known', async () => {
    expect(await kinds(both, 'odd/v1')).toBeNull();
    expect(await kinds(both, 'none/v1')).toBeNull();
    expect(asked).toEqual(['liar index']);
  });

  it('are kept only where they are of a size that schemas have', async () => {
    const names = Array.from({ length: 4_500 }, (_, at) => [`${'x'.repeat(1000)}${at}`, { type: 'string' }]);
    const large = documentOf('Large', { properties: Object.fromEntries(names) as JsonObject });
    const index = { v1: hashOf(large), 'x/v1': hashOf('[]'), 'y/v1': hashOf('{') };
    const digest = sha256(canonicalJson(index));
    const texts: Record<string, string> = { v1: large, 'x/v1': '[]', 'y/v1': '{' };
    answers['liar'] = (groupVersion = '') => Promise.resolve(told(groupVersion, packed(texts[groupVersion] ?? '')));
    await store.read.apis.putIndex(digest, index);
    expect(await kinds([cluster('liar', digest)])).toBeNull();
    expect(await kinds([cluster('liar', digest)], 'y/v1')).toBeNull();
    expect(await kinds([cluster('liar', digest)], 'x/v1')).toEqual([]);
  });

  it('are not read of one cluster without end', async () => {
    const index = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`g${at}/v1`, hashOf('{}')]));
    const digest = sha256(canonicalJson(index));
    await store.read.apis.putIndex(digest, index);
    let content = '{ }';
    answers['liar'] = (groupVersion = '') => Promise.resolve(told(groupVersion, packed(content)));
    const known = (groupVersion: string) => kinds([cluster('liar', digest)], groupVersion);
    // What is false counts for as much as it could have been.
    for (const groupVersion of Object.keys(index).slice(0, 16)) expect(await known(groupVersion)).toBeNull();
    content = '{}';
    expect(await known('g16/v1')).toBeNull();
    clock.advance(3_600_000);
    expect(await known('g16/v1')).toEqual([]);
    const allowance = new SchemaAllowance(clock);
    for (let at = 0; at < 100; at += 1) allowance.take('a')(1000);
    expect(() => allowance.take('a')).not.toThrow();
  });

  it('are asked for again where nobody could be asked', async () => {
    answers['liar'] = () => Promise.reject(new RetryableError('agent-silent', 'nobody there'));
    expect((await apis.of([cluster('liar')], [], 1000)).index).toBeNull();
    delete answers['liar'];
    expect((await apis.of([cluster('liar')], [], 1000)).index).toBeNull();
    clock.advance(60_000);
    expect((await apis.of([cluster('liar')], [], 1000)).index).toEqual(INDEX);
  });

  it('take no more memory than is meant for them', () => {
    const kept = new KeptDocuments();
    const document = { kinds: {}, schemas: {} };
    for (let at = 0; at < 10; at += 1) kept.put(`d${at}`, document, 4 * 1024 * 1024);
    const there = (): string[] => Array.from({ length: 10 }, (_, at) => `d${at}`).filter((key) => kept.get(key));
    expect(there()).toEqual(['d4', 'd5', 'd6', 'd7', 'd8', 'd9']);
    kept.get('d4');
    kept.put('e', document, 1);
    expect(kept.get('d5')).toBeUndefined();
    expect(kept.get('d4')).toBeDefined();
  });
});
