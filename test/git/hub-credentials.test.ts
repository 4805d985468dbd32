import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ensureCertificates } from '#bus';
import { createLogger } from '#kit';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { CommandLine } from '../helpers/run-flotilla.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';
import { startRepository } from '../charts/start-repository.js';
import { startHttpsGitServer } from './https-git-server.js';

const PASSWORD = 'a-token-that-nobody-may-read';

describe('a hub with a private repository', () => {
  let test: TestHub;
  let repository: TestRepository;
  let server: Awaited<ReturnType<typeof startHttpsGitServer>>;
  let puppet: PuppetAgent;
  const log: string[] = [];
  const line = new CommandLine(() => test.folder);
  const fine = line.fine.bind(line);
  const flotilla = line.run.bind(line);
  const file = (name: string): string => path.join(test.folder, name);

  beforeAll(async () => {
    const output = { write: (text: string) => log.push(text) };
    test = await startTestHub(
      { FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES: 'true' },
      createLogger({ level: 'trace', format: 'json', output }),
    );
    repository = await TestRepository.create({ 'web/c.yaml': configMap('c', '1') });
    const certificates = await ensureCertificates(file('git-tls'), { names: [], ips: [] });
    server = await startHttpsGitServer({
      certificates,
      root: path.dirname(repository.folder),
      username: 'hub',
      password: PASSWORD,
    });
    puppet = await PuppetAgent.join(test.api, 'dev-1', {});
    await writeFile(file('ca.pem'), certificates.caPem);
    await writeFile(file('token.txt'), `${PASSWORD}\n`);
    await writeFile(file('fleet.yaml'), objects('private'));
  }, 60_000);

  afterAll(async () => {
    await puppet?.close();
    await server?.close();
    await test?.stop();
    await repository?.remove();
  }, 30_000);

  const objects = (credential: string): string =>
    [
      `apiVersion: flotilla.dev/v1\nkind: Source\nmetadata: {name: shop}\nspec: {url: "https://${server.host}/${path.basename(repository.folder)}/.git", interval: 1h, credential: ${credential}}\n`,
      'apiVersion: flotilla.dev/v1\nkind: Strategy\nmetadata: {name: quick}\nspec: {waves: [{name: all, healthyFor: 0s}]}\n',
      'apiVersion: flotilla.dev/v1\nkind: Application\nmetadata: {name: web}\nspec: {source: shop, path: web, strategy: quick}\n',
    ].join('---\n');

  it('says which credential is missing, and which of its words are wrong', async () => {
    await fine('apply -f fleet.yaml');
    await eventually(
      'the source says why it waits',
      () => fine('why web'),
      (text) => text.includes('There is no credential "private": make it with "flotilla credential set private"'),
    );
    const set = 'credential set private --host';
    const refused: readonly (readonly [string, RegExp])[] = [
      [`${set} https://${server.host} --password-file token.txt`, /host: must be a host such as github\.com/],
      [`${set} ${server.host} --password-file none.txt`, /--password-file: none\.txt can't be read/],
      [`${set} ${server.host}`, /Give --password-file a file, or - for standard input/],
      [`${set} ${server.host} --ssh-key-file token.txt --username hub`, /for HTTPS .* or for SSH .*, not for both/],
      [
        `${set} ${server.host} --ssh-key-file token.txt --known-hosts-file token.txt`,
        /knownHosts: must hold the host's/,
      ],
      [`${set} ${server.host} --password-file token.txt --ca-file token.txt`, /ca: must be PEM/],
    ];
    for (const [words, complaint] of refused) {
      const { code, error } = await flotilla(words);
      expect({ code, error }).toEqual({ code: 1, error: expect.stringMatching(complaint) });
      expect(error).not.toContain(PASSWORD);
    }
    expect(await fine('credential list')).toMatch(/^No credentials/);
  });

  it('reads it with the credential, and rolls out what it holds', async () => {
    const options = `--host ${server.host} --username hub --ca-file ca.pem --reason "the shop is private"`;
    expect(await fine(`credential set private ${options} --password-file -`, { stdin: `${PASSWORD}\n` })).toBe(
      `credential/private set for ${server.host}; sources use it as spec.credential: private\n`,
    );
    expect(await fine('sync shop')).toMatch(/application\/web is at release 1/);
    await rolloutSettled(test.api, 'web', 1);
    expect(puppet.told.map(({ application }) => application)).toContain('web');
    expect(await fine('get credentials')).toMatch(new RegExp(`private +https +${server.host} +hub +shop`));
    expect(await flotilla('credential delete private')).toMatchObject({
      code: 1,
      error: expect.stringContaining('is used by the source shop: take spec.credential out there first'),
    });
  });

  it('renders what it had not rendered yet from the same repository after a restart', async () => {
    await test.restart();
    await repository.commit('second', { 'web/c.yaml': configMap('c', '2') });
    expect(await fine('sync shop')).toMatch(/application\/web is at release 2/);
  });

  it('reads charts with such a credential too, and keeps the last version that was there', async () => {
    const certificates = await ensureCertificates(file('git-tls'), { names: [], ips: [] });
    const authorization = `Basic ${Buffer.from(`hub:${PASSWORD}`).toString('base64')}`;
    const charts = await startRepository({ certificates, authorization });
    try {
      const digest = await charts.publish({ name: 'web', version: '1.4.2', description: 'Serves pages' });
      await charts.publish({ name: 'web', version: '2.0.0' });
      const options = `--host ${charts.host} --username hub --ca-file ca.pem --password-file token.txt`;
      await fine(`credential set charts ${options}`);
      const spec = `{type: helm, url: "https://${charts.host}/charts", chart: web, version: 1.x, credential: charts, interval: 1h}`;
      await writeFile(
        file('chart.yaml'),
        `apiVersion: flotilla.dev/v1\nkind: Source\nmetadata: {name: charts}\nspec: ${spec}\n`,
      );
      await fine('apply -f chart.yaml');
      await fine('sync charts');
      const look = async (): Promise<Record<string, unknown>> => {
        const { items } = JSON.parse(await fine('get sources -o json')) as {
          items: { metadata: { name: string }; status: Record<string, unknown> }[];
        };
        return items.find(({ metadata }) => metadata.name === 'charts')?.status ?? {};
      };
      const good = await look();
      expect(good).toMatchObject({
        ...{ revision: digest, version: '1.4.2', subject: 'web 1.4.2: Serves pages', author: '', holds: [] },
        committedAt: expect.stringMatching(/Z$/),
      });
      charts.unpublish('web', '1.4.2');
      expect(await flotilla('sync charts')).toMatchObject({
        code: 1,
        error: expect.stringMatching(/no version within/),
      });
      expect(await look()).toMatchObject({
        ...{ revision: digest, version: '1.4.2', committedAt: good['committedAt'] },
        holds: [{ code: 'source', message: expect.stringMatching(/no version within .* what runs stays as it is$/) }],
      });
    } finally {
      await charts.close();
    }
  });

  it('shows the secret nowhere: not in the database, the API, the audit, the log or the data folder', async () => {
    const client = new pg.Client({ connectionString: test.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public'",
    );
    const secrets = [
      PASSWORD,
      Buffer.from(PASSWORD).toString('hex'),
      Buffer.from(`hub:${PASSWORD}`).toString('base64'),
    ];
    for (const { name } of rows) {
      const { rows: lines } = await client.query<{ line: string }>(`select t::text as line from "${name}" t`);
      for (const secret of secrets) expect(lines.some(({ line: text }) => text.includes(secret))).toBe(false);
    }
    await client.end();
    for (const words of [
      'credential list -o json',
      'get credentials -o yaml',
      'audit -o json',
      'get sources -o json',
    ]) {
      expect(await fine(words)).not.toContain(PASSWORD);
    }
    expect(await fine('audit -o wide')).toMatch(/credential\.set +Credential\/private +the shop is private/);
    expect(log.join('')).not.toContain(PASSWORD);
    for (const name of await readdir(file('data'), { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      expect((await readFile(path.join(name.parentPath, name.name))).includes(PASSWORD)).toBe(false);
    }
  });

  it('takes it back: without the credential the source waits, and what runs stays', async () => {
    await fine('credential set other --host example.com --password-file token.txt');
    await writeFile(file('fleet.yaml'), objects('other'));
    await fine('apply -f fleet.yaml');
    await eventually(
      'the source says why it waits',
      () => fine('why web'),
      (text) => text.includes(`the credential "other" is for example.com alone, and spec.url is on ${server.host}`),
    );
    expect(await fine('credential delete private')).toBe('credential/private deleted\n');
    expect(await flotilla('credential delete private')).toMatchObject({
      code: 1,
      error: 'Credential "private" does not exist.\n',
    });
  });
});
