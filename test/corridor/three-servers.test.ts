import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { busKeysText, makeBusKeys } from '#bus';
import type { SyncAnswer } from '#contract';
import { parseConfig } from '#kit';
import { hubConfigSchema } from '../../apps/hub/src/hub.config.js';
import {
  externalNatsConfiguration,
  readNatsConfigurationArguments,
} from '../../apps/hub/src/installation/external-nats.js';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';
import { ThreeBrokers } from '../helpers/three-brokers.js';

describe('a hub on three nats-servers of the configuration that it printed for them', () => {
  let test: TestHub;
  let repository: TestRepository;
  let folder: string;
  const brokers = new ThreeBrokers();
  const puppets: PuppetAgent[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-three-'));
    repository = await TestRepository.create({ 'deploy/c.yaml': configMap('settings', '0') });
    // The bus keys from a file, as several hubs would share them.
    const keys = path.join(folder, 'keys.json');
    await writeFile(keys, busKeysText(makeBusKeys()), { mode: 0o600 });
    // Three and a half of them: longer than three servers on a busy machine need to choose a leader.
    test = await startTestHub({ FLOTILLA_HEARTBEAT: '20s' }, undefined, {
      prepare: (data) => brokers.start(data, { FLOTILLA_NATS_KEYS_FILE: keys }),
    });
    for (const name of ['one', 'two', 'three']) puppets.push(await PuppetAgent.join(test.api, name, {}));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.close()));
    await test?.stop();
    await brokers.stop();
    await repository?.remove();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('tells agents of all three, and carries releases on while one of them is lost', async () => {
    expect(puppets[0]!.answer.nats.urls).toHaveLength(3);
    const document = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind,
      metadata: { name },
      spec,
    });
    const wave = { name: 'all', selector: {}, maxConcurrency: '100%', healthyFor: '0s', maxUnreachable: 0 };
    await test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'all', { waves: [{ ...wave, ackTimeout: '60s', progressDeadline: '120s' }] }),
        document('Application', 'web', { source: 'shop', path: 'deploy', strategy: 'all' }),
      ],
    });
    expect(await rolloutSettled(test.api, 'web', 1, 60_000)).toMatchObject({ state: 'succeeded' });
    for (const [index, lost] of ['flotilla-1', 'flotilla-2', 'flotilla-3'].entries()) {
      await brokers.kill(lost);
      await repository.commit(`without ${lost}`, { 'deploy/c.yaml': configMap('settings', lost) });
      // It may say that the bus does not take a bundle now: the hub goes on by itself.
      await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync').catch(() => undefined);
      expect(await rolloutSettled(test.api, 'web', index + 2, 60_000)).toMatchObject({ state: 'succeeded' });
      await brokers.begin(lost);
      await brokers.whole();
    }
  }, 300_000);
});

describe('the configuration that a hub prints', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-print-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const print = async (...args: string[]): Promise<string> =>
    await externalNatsConfiguration(
      parseConfig(hubConfigSchema, { FLOTILLA_DATA: path.join(folder, 'data') }),
      readNatsConfigurationArguments(args),
    );

  it('is that of one server unless three are named, and then says which goes where', async () => {
    const one = await print();
    expect(one).not.toContain('cluster {');
    expect(one).toContain('port: 4222');
    const three = await print(
      '--servers',
      'a.example.com,b.example.com:4333,[2001:db8::1]',
      '--tls-folder',
      '/etc/nats',
    );
    expect(three.match(/^# ======== flotilla-\d of 3: .*$/gm)).toHaveLength(3);
    expect(three).toContain('NATS_URL=tls://a.example.com:4222,tls://b.example.com:4333,tls://[2001:db8::1]:4222');
    expect(three).toContain('routes: ["nats-route://a.example.com:6222", "nats-route://b.example.com:6333"');
    expect(three).toContain('cert_file: "/etc/nats/server.pem"');
    const second = await print('--servers', 'a.example.com,b.example.com:4333,[2001:db8::1]', '--server', 'flotilla-2');
    expect(second).toContain('server_name: "flotilla-2"');
    expect(second).not.toContain('server_name: "flotilla-1"');
  });

  it('holds no secret', async () => {
    const text = await print('--servers', 'a,b,c');
    expect(text).not.toMatch(/\bS[OAU][A-Z2-7]{54}|PRIVATE KEY/);
  });

  it.each([
    [['--servers', 'a,b'], '--servers names 2 servers'],
    [['--servers', 'a,b,c', '--server', 'a'], '--server must be one of flotilla-1, flotilla-2, flotilla-3'],
    [['--servers', 'http://a'], 'is no HOST or HOST:PORT'],
    [['--servers', 'a:65000'], 'with a port up to 63535'],
    [['--servers', 'user:pw@a'], 'is no HOST or HOST:PORT'],
    [['--port', '1'], 'See --help'],
  ])('is refused for %j', async (args, why) => {
    await expect(print(...args)).rejects.toThrow(why);
  });
});
