import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { localAccessSchema, type ClusterView, type LocalAccess, type RolloutView, type TokenView } from '#contract';
import { describeConfig, freePort, identifyProcess } from '#kit';
import { hubConfigSchema } from '../../apps/hub/src/hub.config.js';
import {
  nothingRunsIn,
  processesNaming,
  runHubProcess,
  type HubExit,
  type HubProcess,
} from '../helpers/hub-process.js';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { TestApi } from '../helpers/test-api.js';
import { createTestDatabase, type TestDatabase } from '../helpers/test-database.js';
import { eventually, rolloutSettled } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

/** Long, because the machine may be busy. What is refused is refused before anything slow begins. */
const CASE_MS = 90_000;
const REFUSED_WITHIN_MS = 15_000;
const SECRET = 'hunter2-hunter2';

/** `npm start` as its own process: what it says, how it ends, and what it leaves behind. */
describe('the hub as a program', () => {
  let scratch: string;
  let database: TestDatabase;
  let folders = 0;
  const running = new Set<HubProcess>();

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-start-'));
    // Others may enter: as root, the embedded PostgreSQL runs as somebody else.
    await chmod(scratch, 0o711);
    database = await createTestDatabase();
  }, CASE_MS);

  afterAll(async () => {
    // Only where something failed.
    for (const hub of running) hub.kill('SIGKILL');
    for (const pid of processesNaming(scratch)) process.kill(pid, 'SIGKILL');
    await database?.drop();
    await rm(scratch, { recursive: true, force: true });
  }, CASE_MS);

  const newFolder = (): string => path.join(scratch, `data-${(folders += 1)}`);
  function start(env: Readonly<Record<string, string>>, args: readonly string[] = []): HubProcess {
    const hub = runHubProcess({ FLOTILLA_PORT: '0', FLOTILLA_LOG_LEVEL: 'warn', ...env }, args);
    running.add(hub);
    return hub;
  }
  async function run(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<HubExit> {
    const hub = start(env, args);
    const exit = await hub.exited;
    running.delete(hub);
    return exit;
  }
  /** With a database that is there already: for what has nothing to do with the embedded one. */
  const withDatabase = (folder: string): Record<string, string> => ({
    FLOTILLA_DATA: folder,
    DATABASE_URL: database.url,
  });

  /** Ended by itself, soon, with this one sentence (and a line for each bad field), and nothing left running. */
  async function refused(exit: HubExit, sentence: RegExp, folder = scratch): Promise<void> {
    const [first = '', ...more] = exit.stderr.trimEnd().split('\n');
    expect(exit).toMatchObject({ code: 1, signal: null, stdout: '' });
    expect(first).toMatch(sentence);
    expect(more.filter((line) => !/^ {2}[A-Z_]+: /.test(line))).toEqual([]);
    expect(exit.stderr).not.toMatch(/\bat .*:\d+:\d+|node:internal|Error:/);
    expect(exit.stderr).not.toContain(SECRET);
    expect(exit.ms).toBeLessThan(REFUSED_WITHIN_MS);
    await nothingRunsIn(folder);
  }

  describe('tells', () => {
    it('every setting with --help, and does nothing else', async () => {
      const folder = newFolder();
      const exit = await run({ FLOTILLA_DATA: folder }, ['--help']);
      expect(exit).toMatchObject({ code: 0, stderr: '' });
      for (const { env, description } of describeConfig(hubConfigSchema)) {
        expect(exit.stdout).toContain(`  ${env} `);
        expect(exit.stdout).toContain(description);
      }
      expect(existsSync(folder)).toBe(false);
    });

    it('what is wrong with its arguments', async () => {
      await refused(await run({}, ['--port', '1']), /^Unknown argument --port: .*--help/);
    });

    it('every bad setting at once, by its variable, and shows no secret', async () => {
      const folder = newFolder();
      const exit = await run({
        FLOTILLA_DATA: folder,
        FLOTILLA_PORT: '99999',
        FLOTILLA_HEARTBEAT: 'soon',
        FLOTILLA_ALLOW_LOCAL_SOURCES: 'perhaps',
        FLOTILLA_LOG_LEVEL: 'loud',
        DATABASE_URL: `mysql://flotilla:${SECRET}@127.0.0.1/flotilla`,
        NATS_URL: 'http://127.0.0.1',
      });
      await refused(exit, /^These settings need a change before the start: /);
      const lines = exit.stderr.trimEnd().split('\n').slice(1);
      const named = lines.map((line) => /^ {2}(\w+): must be /.exec(line)?.[1]);
      expect(named.sort()).toEqual([
        'DATABASE_URL',
        'FLOTILLA_ALLOW_LOCAL_SOURCES',
        'FLOTILLA_HEARTBEAT',
        'FLOTILLA_LOG_LEVEL',
        'FLOTILLA_PORT',
        'NATS_URL',
      ]);
      expect(existsSync(folder)).toBe(false);
    });
  });

  describe('refuses', () => {
    it(
      'a port that is taken, its own or that of its bus',
      async () => {
        const server = net.createServer();
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const { port } = server.address() as net.AddressInfo;
        try {
          const own = await run({ ...withDatabase(newFolder()), FLOTILLA_PORT: String(port) });
          await refused(own, new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is taken.*FLOTILLA_PORT`));
          const folder = newFolder();
          const bus = await run({ FLOTILLA_DATA: folder, FLOTILLA_NATS_PORT: String(port) });
          await refused(bus, new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is taken.*FLOTILLA_NATS_PORT`), folder);
        } finally {
          server.close();
        }
      },
      CASE_MS,
    );

    it(
      'a data folder that cannot be written',
      async () => {
        await refused(
          await run(withDatabase('/proc/flotilla/data')),
          /^The data folder \/proc\/flotilla\/data cannot be written .*FLOTILLA_DATA/,
        );
        const file = path.join(scratch, 'file');
        await writeFile(file, '');
        await refused(
          await run(withDatabase(file)),
          /cannot be written \(a part of the path is a file\).*FLOTILLA_DATA/,
        );
        await refused(await run(withDatabase(path.join(file, 'data'))), /cannot be written .*FLOTILLA_DATA/);
      },
      CASE_MS,
    );

    it(
      'a folder that is something else, or was only half written, and changes nothing in it',
      async () => {
        const foreign = newFolder();
        await mkdir(foreign);
        await writeFile(path.join(foreign, 'holiday.jpg'), 'not ours');
        await refused(await run(withDatabase(foreign)), /is not a whole Flotilla data folder .*FLOTILLA_DATA/);
        expect(await readdir(foreign)).toEqual(['holiday.jpg']);

        const torn = newFolder();
        await mkdir(torn);
        await writeFile(path.join(torn, 'format.json'), '{"for');
        await refused(
          await run(withDatabase(torn)),
          /is not a whole Flotilla data folder \(its format\.json cannot be read\)/,
        );

        const newer = newFolder();
        await mkdir(newer);
        await writeFile(path.join(newer, 'format.json'), '{"format":99}');
        await refused(await run(withDatabase(newer)), /was written by a newer Flotilla .*99/);
      },
      CASE_MS,
    );

    it(
      'a database that does not answer, or lets nobody in, without its password',
      async () => {
        const folder = newFolder();
        const data = { FLOTILLA_DATA: folder };
        const nobody = `postgres://flotilla:${SECRET}@127.0.0.1:${await freePort()}/flotilla`;
        await refused(await run({ ...data, DATABASE_URL: nobody }), /database.*DATABASE_URL/i, folder);
        const wrong = new URL(database.url);
        wrong.password = SECRET;
        await refused(await run({ ...data, DATABASE_URL: wrong.href }), /DATABASE_URL/, folder);
        const missing = new URL(database.url);
        missing.pathname = '/not_there';
        await refused(await run({ ...data, DATABASE_URL: missing.href }), /DATABASE_URL/, folder);
        await refused(
          await run({ ...data, DATABASE_URL: `postgres://flotilla:${SECRET}@nowhere.invalid/flotilla` }),
          /DATABASE_URL/,
          folder,
        );
      },
      CASE_MS,
    );

    it(
      'a bus that does not answer, and stops the database that it had started',
      async () => {
        const folder = newFolder();
        const exit = await run({ FLOTILLA_DATA: folder, NATS_URL: `tls://127.0.0.1:${await freePort()}` });
        await refused(exit, /can't be reached: .*NATS_URL/, folder);
      },
      CASE_MS,
    );

    it(
      'to go on without a program that it needs, and leaves nothing running',
      async () => {
        const folder = newFolder();
        const nats = await run({ FLOTILLA_DATA: folder, FLOTILLA_NATS_SERVER: '/nowhere' });
        await refused(nats, /^FLOTILLA_NATS_SERVER is \/nowhere, where there is no file that can be run/, folder);
        const nothing = {
          PATH: scratch,
          XDG_CACHE_HOME: path.join(scratch, 'cache'),
          FLOTILLA_NATS_SERVER: '',
          FLOTILLA_KUSTOMIZE: '',
        };
        const kustomize = await run({ FLOTILLA_DATA: folder, ...nothing });
        await refused(
          kustomize,
          /^kustomize [\d.]+ or newer is needed and was not found: .*FLOTILLA_KUSTOMIZE.*Go/,
          folder,
        );
        const impostor = await run({ FLOTILLA_DATA: folder, FLOTILLA_NATS_SERVER: '/bin/false' });
        await refused(impostor, /^FLOTILLA_NATS_SERVER is \/bin\/false, which does not run as nats-server/, folder);
      },
      CASE_MS,
    );

    it(
      'a certificate without its key, or one that is none',
      async () => {
        const folder = newFolder();
        const file = path.join(scratch, 'certificate.pem');
        await writeFile(file, 'nothing of the kind');
        await refused(await run({ ...withDatabase(folder), FLOTILLA_TLS_CERT_FILE: file }), /FLOTILLA_TLS_KEY_FILE/);
        const both = { FLOTILLA_TLS_CERT_FILE: file, FLOTILLA_TLS_KEY_FILE: file };
        await refused(await run({ ...withDatabase(folder), ...both }), /FLOTILLA_TLS_CERT_FILE/);
      },
      CASE_MS,
    );
  });

  /** One data folder with an embedded PostgreSQL and nats-server of its own, through several lives of its hub. */
  describe('with everything embedded', () => {
    let folder: string;
    let repository: TestRepository;
    let hub: HubProcess;
    let api: TestApi;
    let puppet: PuppetAgent;
    let known: LocalAccess;

    beforeAll(async () => {
      folder = newFolder();
      repository = await TestRepository.create({ 'app/settings.yaml': configMap('settings', '1') });
    });
    afterAll(async () => {
      await puppet?.close();
      api?.close();
      await repository?.remove();
    });

    const access = async (): Promise<LocalAccess> =>
      localAccessSchema.parse(JSON.parse(await readFile(path.join(folder, 'admin.json'), 'utf8')));
    async function begin(): Promise<void> {
      api?.close();
      hub = start({ FLOTILLA_DATA: folder, FLOTILLA_ALLOW_LOCAL_SOURCES: 'true', FLOTILLA_HEARTBEAT: '1s' });
      const url = await hub.ready;
      const found = await access();
      expect(found.url).toBe(url);
      api = new TestApi(found);
    }
    async function end(signal: NodeJS.Signals): Promise<void> {
      const asked = performance.now();
      hub.kill(signal);
      const exit = await hub.exited;
      running.delete(hub);
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(performance.now() - asked).toBeLessThan(5_000);
      await nothingRunsIn(folder);
      // Nothing is left for the next start to clean up.
      expect(await readdir(path.join(folder, 'pids'))).toEqual([]);
      expect(existsSync(path.join(folder, 'lock'))).toBe(false);
    }
    /** What the first life made is there, under the same names and credentials. */
    async function holdsWhatItKnew(): Promise<void> {
      expect(await access()).toMatchObject({ token: known.token, ca: known.ca });
      const tokens = await api.get<{ items: TokenView[] }>('/api/v1/tokens');
      expect(tokens.items.map(({ name }) => name).sort()).toEqual(['first-admin', 'second']);
      expect(await api.get<RolloutView>('/api/v1/rollouts/web-1')).toMatchObject({ state: 'succeeded', release: 1 });
      await eventually(
        'its cluster is back by itself',
        () => api.get<ClusterView>('/api/v1/clusters/dev-1'),
        ({ status, health }) => status === 'ready' && health === 'healthy',
        30_000,
      );
    }
    async function release(value: string, number: number): Promise<void> {
      await repository.commit(`to ${value}`, { 'app/settings.yaml': configMap('settings', value) });
      await api.post('/api/v1/sources/shop/sync');
      expect(await rolloutSettled(api, 'web', number, 30_000)).toMatchObject({
        state: 'succeeded',
        counts: { passed: 1 },
      });
    }

    it(
      'starts on nothing, and rolls out',
      async () => {
        await begin();
        known = await access();
        expect((await stat(path.join(folder, 'admin.json'))).mode & 0o777).toBe(0o600);
        expect(processesNaming(folder).length).toBeGreaterThanOrEqual(2);
        puppet = await PuppetAgent.join(api, 'dev-1', { env: 'dev' });
        await api.post('/api/v1/tokens', { name: 'second', role: 'viewer' });
        const document = (kind: string, name: string, spec: object): object => ({
          apiVersion: 'flotilla.dev/v1',
          kind,
          metadata: { name },
          spec,
        });
        await api.post('/api/v1/apply', {
          documents: [
            document('Source', 'shop', { url: repository.folder, interval: '1h' }),
            document('Strategy', 'at-once', { waves: [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }] }),
            document('Application', 'web', { source: 'shop', path: 'app', strategy: 'at-once' }),
          ],
        });
        expect(await rolloutSettled(api, 'web', 1, 30_000)).toMatchObject({
          state: 'succeeded',
          counts: { passed: 1 },
        });
      },
      CASE_MS,
    );

    it(
      'keeps its folder to itself while it runs',
      async () => {
        const before = processesNaming(folder);
        const second = await run({ FLOTILLA_DATA: folder });
        expect(second).toMatchObject({ code: 1, stdout: '' });
        expect(second.stderr.trimEnd()).toMatch(
          new RegExp(`^The data folder ${folder} is in use by process ${hub.pid} on .*FLOTILLA_DATA\\.$`),
        );
        // It left nothing behind. A backend of PostgreSQL that has just begun bears the folder's name, too, but not for long.
        await eventually(
          'no process more than before',
          async () => processesNaming(folder),
          (pids) => pids.every((pid) => before.includes(pid)),
        );
        await api.get('/api/v1/fleet');
      },
      CASE_MS,
    );

    it(
      'ends within five seconds of SIGTERM, and goes on with what it knew',
      async () => {
        await end('SIGTERM');
        await begin();
        await holdsWhatItKnew();
        await release('2', 2);
      },
      CASE_MS,
    );

    it(
      'was killed: what it left behind is ended at the next start, which goes on',
      async () => {
        const children = processesNaming(folder);
        expect(children.length).toBeGreaterThanOrEqual(2);
        hub.kill('SIGKILL');
        expect(await hub.exited).toMatchObject({ signal: 'SIGKILL' });
        running.delete(hub);
        // Its children outlive it: that is what the next start has to deal with.
        expect(children.filter((pid) => identifyProcess(pid) !== undefined)).toEqual(children);
        await begin();
        expect(children.filter((pid) => identifyProcess(pid) !== undefined)).toEqual([]);
        await holdsWhatItKnew();
        await release('3', 3);
      },
      CASE_MS,
    );

    it(
      'stops, as failed, when a child of its own dies, and leaves none of the others',
      async () => {
        const [note = ''] = (await readdir(path.join(folder, 'pids'))).filter((name) => name.startsWith('nats-server'));
        const { pid } = JSON.parse(await readFile(path.join(folder, 'pids', note), 'utf8')) as { pid: number };
        process.kill(pid, 'SIGKILL');
        const exit = await hub.exited;
        running.delete(hub);
        // Whoever supervises it must not take that for a wish.
        expect(exit).toMatchObject({ code: 1, signal: null });
        expect(exit.stderr).toMatch(/nats-server ended by itself/);
        await nothingRunsIn(folder);
        await begin();
        await holdsWhatItKnew();
        await end('SIGINT');
      },
      CASE_MS,
    );

    it.each<[string, string[]]>([
      ['as soon as its database is there', ['postgres/cluster/postmaster.pid']],
      ['as soon as its bus is there', ['nats/port']],
    ])(
      'leaves nothing behind when it is told to end %s',
      async (_when, [file = '']) => {
        await rm(path.join(folder, file), { force: true });
        hub = start({ FLOTILLA_DATA: folder });
        await eventually('it has got so far', async () => existsSync(path.join(folder, file)), Boolean, 30_000);
        hub.kill('SIGTERM');
        const exit = await hub.exited;
        running.delete(hub);
        expect(exit.signal).toBeNull();
        expect(exit.stderr).not.toMatch(/\bat .*:\d+:\d+/);
        await nothingRunsIn(folder);
      },
      CASE_MS,
    );

    it.each<[string, string, RegExp]>([
      ['the keys of the bus', 'keys/nats-keys.json', /nats-keys\.json/],
      ['the key of manifests', 'keys/manifest-key.pem', /manifest-key\.pem/],
      ['the key of the CA', 'tls/ca-key.pem', /ca-key\.pem/],
      ['the version of the database', 'postgres/cluster/PG_VERSION', /postgres/],
      ['the control file of the database', 'postgres/cluster/global/pg_control', /postgres/i],
      ['the password of the database', 'postgres/password', /postgres/],
    ])(
      'says what is torn: %s',
      async (_what, name, sentence) => {
        const file = path.join(folder, name);
        const whole = await readFile(file);
        await truncate(file, Math.min(10, Math.floor(whole.length / 3)));
        try {
          await refused(await run({ FLOTILLA_DATA: folder }), sentence, folder);
        } finally {
          await writeFile(file, whole);
        }
      },
      CASE_MS,
    );

    it(
      'begins again where its first start was interrupted while it made the database',
      async () => {
        await mkdir(path.join(folder, 'postgres/cluster.part-4242'), { recursive: true });
        await writeFile(path.join(folder, 'postgres/cluster.part-4242/PG_VERSION'), '18\n');
        await begin();
        await holdsWhatItKnew();
        await end('SIGTERM');
      },
      CASE_MS,
    );
  });
});
