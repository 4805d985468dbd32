import { createHmac } from 'node:crypto';
import { request } from 'node:https';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WebhookAnswer } from '#contract';
import { createLogger } from '#kit';
import { CommandLine } from '../helpers/run-flotilla.js';
import { eventually, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

interface Answered {
  readonly status: number;
  readonly body: { readonly sources?: readonly string[]; readonly message?: string; readonly code?: string };
}

describe('a webhook', () => {
  let test: TestHub;
  let shop: TestRepository;
  let other: TestRepository;
  const log: string[] = [];
  const secrets = new Map<string, WebhookAnswer>();
  const line = new CommandLine(() => test.folder);
  const fine = line.fine.bind(line);

  beforeAll(async () => {
    const output = { write: (text: string) => log.push(text) };
    test = await startTestHub({}, createLogger({ level: 'trace', format: 'json', output }));
    shop = await TestRepository.create({ 'web/c.yaml': configMap('c', '1') });
    other = await TestRepository.create({ 'web/c.yaml': configMap('c', '1') });
    const source = (name: string, { folder }: TestRepository, ref: string): string =>
      `apiVersion: flotilla.dev/v1\nkind: Source\nmetadata: {name: ${name}}\nspec: {url: "${folder}", ref: ${ref}, interval: 1h}\n`;
    await shop.git('branch', 'release');
    await writeFile(
      path.join(test.folder, 'fleet.yaml'),
      [source('shop', shop, 'main'), source('shop-release', shop, 'release'), source('other', other, 'main')].join(
        '---\n',
      ),
    );
    await fine('apply -f fleet.yaml');
    for (const name of ['shop', 'shop-release', 'other'])
      await eventually('it was read', () => revision(name), Boolean);
    for (const [name, provider] of [
      ['pipeline', 'generic'],
      ['hub', 'github'],
    ]) {
      const out = await fine(`webhook add ${name} --provider ${provider} -o json --reason "no more waiting"`);
      secrets.set(name ?? '', JSON.parse(out) as WebhookAnswer);
    }
  }, 60_000);

  afterAll(async () => {
    await test?.stop();
    await shop?.remove();
    await other?.remove();
  }, 30_000);

  async function revision(name: string): Promise<string> {
    const { status } = JSON.parse(await fine(`get sources ${name} -o json`)) as { status: { revision?: string } };
    return status.revision ?? '';
  }

  function post(name: string, body: string, headers: Record<string, string>): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const url = `${test.hub.url}/api/v1/webhooks/${name}`;
      const options = {
        method: 'POST',
        ca: test.hub.caPem ?? '',
        headers: { 'content-type': 'application/json', ...headers },
      };
      const sending = request(url, options, (answer) => {
        let text = '';
        answer.on('data', (part: Buffer) => (text += part.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Answered['body'] }));
      });
      sending.on('error', reject);
      sending.end(body);
    });
  }

  const hmac = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');
  let shift = 0;
  let rotated = '';
  function push(body: object, secret = secrets.get('pipeline')?.secret ?? ''): Promise<Answered> {
    const text = JSON.stringify(body);
    // Each a second apart, as if sent at different times.
    const at = Math.floor(Date.now() / 1000) - (shift += 1);
    return post('pipeline', text, { 'x-flotilla-signature': `t=${at},v1=${hmac(secret, `${at}.${text}`)}` });
  }

  it('has the sources looked at whose branch of whose repository was pushed, and no other', async () => {
    const before = await Promise.all([revision('shop-release'), revision('other')]);
    await other.commit('not told of', { 'web/c.yaml': configMap('c', '9') });
    const sha = await shop.commit('second', { 'web/c.yaml': configMap('c', '2') });
    expect(await push({ repository: shop.folder, ref: 'refs/heads/main' })).toEqual({
      status: 202,
      body: { sources: ['shop'], message: 'its sources are looked at now' },
    });
    await eventually(
      'it is read',
      () => revision('shop'),
      (read) => read === sha,
    );
    expect(await Promise.all([revision('shop-release'), revision('other')])).toEqual(before);
    const all = await push({ repository: shop.folder });
    expect(all.body.sources?.toSorted()).toEqual(['shop', 'shop-release']);
    expect((await push({ repository: 'https://example.com/none' })).body).toEqual({
      sources: [],
      message: 'no source follows what was pushed',
    });
  });

  it('takes what GitHub signs, answers its ping, and does nothing for what is no push', async () => {
    const deliver = (event: string, body: object, secret = secrets.get('hub')?.secret ?? '') => {
      const text = JSON.stringify(body);
      const headers = { 'x-github-event': event, 'x-hub-signature-256': `sha256=${hmac(secret, text)}` };
      return post('hub', text, headers);
    };
    expect(await deliver('ping', { zen: 'x' })).toMatchObject({ status: 202, body: { sources: [] } });
    expect(await deliver('issues', { action: 'opened' })).toMatchObject({ status: 202, body: { sources: [] } });
    const repository = { clone_url: shop.folder };
    const pushed = { ref: 'refs/heads/main', repository };
    expect((await deliver('push', pushed)).body.sources).toEqual(['shop']);
    expect((await deliver('push', pushed)).body).toEqual({
      sources: [],
      message: 'it came before: nothing is to be done',
    });
    expect(await deliver('push', { repository })).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(await deliver('push', { ...pushed, again: true }, 'another')).toMatchObject({ status: 401 });
    expect(await fine('webhook list')).toMatch(/hub +github +\d+s? ago/);
  });

  it('tells a wrong secret, no signature and a name that is not there the same, and takes nothing too large', async () => {
    const refusals = [
      await push({ repository: shop.folder }, 'another-secret'),
      await post('pipeline', '{}', {}),
      await post('nobody', '{}', { 'x-hub-signature-256': `sha256=${hmac('x', '{}')}` }),
    ];
    for (const refusal of refusals) expect(refusal).toEqual({ ...refusals[0], status: 401 });
    const large = JSON.stringify({ repository: 'x'.repeat(5 * 1024 * 1024) });
    expect((await post('pipeline', large, {}).catch(() => ({ status: 413 }))).status).toBe(413);
  });

  it('has a new secret after a rotation, and the one before ends', async () => {
    const before = secrets.get('pipeline')?.secret ?? '';
    const { secret } = JSON.parse(await fine('webhook rotate pipeline -o json')) as WebhookAnswer;
    expect(secret).not.toBe(before);
    expect((await push({ repository: shop.folder, ref: 'main' }, before)).status).toBe(401);
    expect((await push({ repository: shop.folder, ref: 'main' }, secret)).status).toBe(202);
    rotated = secret;
    expect(await line.run('webhook add pipeline --provider github')).toMatchObject({
      code: 1,
      error: expect.stringContaining(
        'a webhook named pipeline exists already: choose another name, or rotate its secret',
      ),
    });
    expect(await line.run('webhook add more --provider svn')).toMatchObject({
      code: 1,
      error: expect.stringContaining('github, gitlab, gitea, bitbucket, generic'),
    });
    const audit = await fine('audit -o json');
    expect(audit).toContain('"webhook.add"');
    for (const each of [before, secret]) {
      expect(audit).not.toContain(each);
      expect(log.join('')).not.toContain(each);
      expect(await fine('get webhooks -o json')).not.toContain(each);
    }
    expect(await fine('webhook delete hub')).toBe('webhook/hub deleted\n');
  });

  it('tells no more than sixty wrong signatures a minute, and takes a right one from the same address all the same', async () => {
    const statuses = new Set<number>();
    for (let count = 0; count < 70; count += 1) statuses.add((await post('pipeline', '{}', {})).status);
    expect([...statuses]).toEqual([401, 429]);
    expect((await push({ repository: shop.folder }, rotated)).status).toBe(202);
  });
});
