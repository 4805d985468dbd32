import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, constants } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dump } from 'js-yaml';
import pg from 'pg';
import { createLogger } from '#kit';
import { mapAt, textAt } from '#kube';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';

const CASE_MS = 180_000;
const WITHIN_MS = 60_000;
const FIXTURES = path.resolve('apps/agent/src/steps/unseal/fixtures');
const fixture = (name: string): string => readFileSync(path.join(FIXTURES, name), 'utf8');
const base64 = (value: string): string => Buffer.from(value).toString('base64');

/** Of an object, of a file of YAML, of the lines of a file and of an INI. */
const VALUES = [
  'shop-reader-v3ry-s3cret',
  'token-of-the-shop',
  'alice-of-th3-list',
  'pa=ss w0rd#of;env',
  't0p-of-th3-ini',
  'd3lta-s3cret',
  'second-of-th3-two',
];
/** With any of these the files could be read. */
const KEY = 'AGE-SECRET-KEY-1Y7TFJZKS096KNPL2HQF4TUZDYY42PWWJ72M93QM5L6J63HLPPKPSMN5J8P';
const NEEDLES = [...VALUES, KEY].flatMap((value) => [value, base64(value).replace(/=+$/, '').slice(0, -1)]);
const SEALED = 'ENC[AES256_GCM';

const kustomization = {
  resources: ['namespace.yaml', 'secret.enc.yaml', 'two.enc.yaml'],
  // So that nothing of the objects is in the order in which it was encrypted.
  labels: [{ pairs: { team: 'shop' } }],
  namespace: 'shop',
  generatorOptions: { disableNameSuffixHash: true },
  secretGenerator: [
    { name: 'files', files: ['settings.yaml=settings.enc.yaml', 'app.ini=app.enc.ini'] },
    { name: 'lines', envs: ['app.enc.env'] },
    { name: 'many', envs: ['many.enc.env'] },
  ],
};

/** What is encrypted in Git is read in the cluster alone: hub, PostgreSQL, nats-server, git and kustomize are the real ones. */
describe('what is encrypted in Git', () => {
  let test: TestHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;
  const log: string[] = [];

  beforeAll(async () => {
    const output = { write: (line: string) => log.push(line) };
    test = await startTestHub({}, createLogger({ level: 'trace', format: 'json', output }));
    const files = [
      'secret.enc.yaml',
      'two.enc.yaml',
      'settings.enc.yaml',
      'app.enc.ini',
      'app.enc.env',
      'many.enc.env',
    ];
    repository = await TestRepository.create({
      ...Object.fromEntries(files.map((name) => [`shop/${name}`, fixture(name)])),
      'shop/namespace.yaml': dump({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }),
      'shop/kustomization.yaml': dump(kustomization),
    });
    clusters = await SimulatedClusters.start(test, [{ name: 'eu-1' }]);
  }, CASE_MS);

  afterAll(async () => {
    await clusters?.stop();
    await test?.stop();
    await repository?.remove();
  }, CASE_MS);

  const secret = async (name: string) =>
    mapAt(
      (await clusters.request('eu-1', { method: 'GET', path: `/api/v1/namespaces/shop/secrets/${name}` })).body,
      'data',
    );

  it(
    'is read in the cluster, and is in no table, on no bus, in no file and in no log as it reads',
    async () => {
      const documents = [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'all', { waves: [{ name: 'all', healthyFor: '0s', maxConcurrency: '100%' }] }),
        document('Application', 'web', {
          ...{ source: 'shop', path: 'shop', strategy: 'all', namespace: 'shop' },
          decryption: { secret: 'keys-of-the-shop' },
          // Or the release would be held, and nothing be told by the agent.
          validation: { dryRun: false },
        }),
      ];
      await test.api.post('/api/v1/apply', { documents });
      // First without the key, so that there is trouble to be told.
      const why = await eventually(
        'the missing key is told',
        async () => JSON.stringify(await test.api.get('/api/v1/clusters/eu-1/applications/web/tree')),
        (tree) => tree.includes('keys-of-the-shop is not there'),
        WITHIN_MS,
      );
      expect(why).toContain('age1pept0huwa4yndf7sumaqx47rsdcfeta7uwqv7a6tdhqd8l0qg4jqqptgdt');
      await clusters.request('eu-1', {
        method: 'POST',
        path: '/api/v1/namespaces/flotilla-system/secrets',
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'keys-of-the-shop' },
          stringData: { 'keys.txt': fixture('keys.txt') },
        },
      });
      await eventually(
        'it is decrypted',
        () => secret('db'),
        (data) => textAt(data, 'user') === base64(VALUES[0] ?? ''),
        WITHIN_MS,
      );
      const ini = await eventually(
        'its files are',
        () => secret('files'),
        (data) => textAt(data, 'app.ini') !== '',
        WITHIN_MS,
      );
      expect(Buffer.from(textAt(ini, 'app.ini'), 'base64').toString()).toBe(
        `${fixture('decrypted/app.ini').trimEnd()}\n`,
      );
      expect(textAt(await secret('lines'), 'DB_PASSWORD')).toBe(base64('pa=ss w0rd#of;env'));
      expect(textAt(await secret('many'), 'DELTA')).toBe(base64('d3lta-s3cret'));
      expect(textAt(await secret('second'), 'password')).toBe(base64('second-of-th3-two'));
      await rolloutSettled(test.api, 'web', 1, WITHIN_MS).catch(() => undefined);

      // Somebody looks at it in every way there is, with drift to look at.
      await clusters.request('eu-1', {
        method: 'PATCH',
        path: '/api/v1/namespaces/shop/secrets/db',
        contentType: 'application/merge-patch+json',
        body: { data: { user: base64(`was ${VALUES[0]}`) } },
      });
      const answers = await Promise.all(
        ['tree', 'diff', 'events'].map((kind) => test.api.get(`/api/v1/clusters/eu-1/applications/web/${kind}`)),
      );
      const stores = {
        answers: JSON.stringify([
          answers,
          await test.api.get('/api/v1/rollouts/web'),
          await test.api.get('/api/v1/fleet'),
        ]),
        logs: log.join(''),
        database: await databaseText(test.databaseUrl),
        folder: folderText(test.folder),
      };
      for (const [where, text] of Object.entries(stores)) {
        for (const needle of NEEDLES) expect([where, needle, text.includes(needle)]).toEqual([where, needle, false]);
      }
      // It looked where the objects are.
      expect(stores.database).toContain(SEALED);
      expect(stores.folder).toContain(SEALED);
      expect(stores.database).toContain('keys-of-the-shop is not there');
    },
    CASE_MS,
  );
});

function document(kind: string, name: string, spec: object): object {
  return { apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec };
}

/** Every row of every table; what is packed is unpacked. */
async function databaseText(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<Record<string, unknown>>(`select * from ${name}`);
      for (const value of rows.flatMap((row) => Object.values(row))) {
        texts.push(Buffer.isBuffer(value) ? unpacked(value) : unpackedText(JSON.stringify(value) ?? ''));
      }
    }
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

/** Every file of the hub: the broker's stores, mirrors of repositories, keys. */
function folderText(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.map((each) => unpacked(readFileSync(path.join(each.parentPath, each.name)))).join('\n');
}

/** What is written as base64 may be packed as well. */
function unpackedText(text: string): string {
  const packed = text.match(/H4sI[A-Za-z0-9+/=]{20,}/g) ?? [];
  return [text, ...packed.map((each) => unpacked(Buffer.from(each, 'base64')))].join('\n');
}

/** Bytes as text, and whatever gzip packed in them. */
function unpacked(bytes: Buffer): string {
  const texts = [bytes.toString('utf8')];
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
    try {
      texts.push(gunzipSync(bytes.subarray(at), { finishFlush: constants.Z_SYNC_FLUSH }).toString('utf8'));
    } catch {
      texts.push(beginningOf(bytes.subarray(at)));
    }
  }
  return texts.join('\n');
}

const MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);

/** Other bytes follow behind what was packed: as much as can be read. */
function beginningOf(bytes: Buffer): string {
  for (let end = bytes.length; end > 64; end = Math.floor(end * 0.9)) {
    try {
      return gunzipSync(bytes.subarray(0, end), { finishFlush: constants.Z_SYNC_FLUSH }).toString('utf8');
    } catch {
      // Shorter, then.
    }
  }
  return '';
}
