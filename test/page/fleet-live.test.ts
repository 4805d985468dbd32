import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateTokenAnswer, SyncAnswer } from '#contract';
import type { Page } from 'playwright-core';
import { healthy, PuppetAgent, type Script } from '../helpers/puppet-agent.js';
import type { TestApi } from '../helpers/test-api.js';
import type { TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';
import { expectAccessible, expectQuiet, LOOKS, shoot, startPageHub, TestChromium } from './browser.js';

const CRASHES = 'Deployment default/web: the image shop.example/web:bad can not be pulled';
const badImage: Script = () => ({ phase: 'failed', cause: 'health', message: CRASHES });
const legend = (page: Page, name: string | RegExp) =>
  page.getByRole('group', { name: 'States' }).getByRole('button', { name });

describe('the page of a fleet that grows and changes', () => {
  let hub: TestHub;
  let repository: TestRepository;
  let chromium: TestChromium;
  const puppets: PuppetAgent[] = [];
  beforeAll(async () => {
    [hub, chromium, repository] = await Promise.all([
      startPageHub({ FLOTILLA_HEARTBEAT: '2s' }),
      TestChromium.start(),
      TestRepository.create({ 'apps/web/c.yaml': configMap('web', 'first') }),
    ]);
  }, 180_000);
  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.close()));
    await chromium?.close();
    await hub?.stop();
    await repository?.remove();
  }, 60_000);

  const apply = (kind: string, name: string, spec: object) =>
    hub.api.post('/api/v1/apply', { documents: [{ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec }] });
  const tokenOf = async (body: object): Promise<TestApi> =>
    hub.api.as((await hub.api.post<CreateTokenAnswer>('/api/v1/tokens', body)).token);

  it.each(LOOKS)(
    'begins empty, with the way to the first cluster ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(hub.api, '/fleet');
      await page.getByText('There is no cluster yet').waitFor();
      await expectAccessible(window);
      await shoot(window, 'fleet-empty');
      await page.getByRole('link', { name: 'Register the first one' }).click();
      await page.waitForURL('**/register');
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it('shows clusters as they join, a release as it comes, a bad image, and who is lost', async () => {
    const window = await chromium.open();
    const page = await window.visit(hub.api, '/fleet');
    await page.getByText('There is no cluster yet').waitFor();
    for (const [name, region] of [
      ['ams-1', 'ams'],
      ['ams-2', 'ams'],
      ['fra-1', 'fra'],
    ] as const)
      puppets.push(await PuppetAgent.join(hub.api, name, { region, env: 'prod' }));
    await legend(page, 'no application 3').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: /^ams 2/ }).waitFor();

    await apply('Source', 'shop', { url: repository.folder, interval: '1h' });
    await apply('Strategy', 'web', {
      waves: [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s', ackTimeout: '60s', progressDeadline: '120s' }],
    });
    await hub.api.post('/api/v1/sources/shop/sync');
    await apply('Application', 'web', { source: 'shop', path: 'apps/web', strategy: 'web' });
    await legend(page, 'healthy 3').waitFor({ timeout: 60_000 });

    for (const puppet of puppets) puppet.script = puppet.name === 'fra-1' ? badImage : healthy;
    await repository.commit('Use the new image', { 'apps/web/c.yaml': configMap('web', 'second') });
    const { errors } = await hub.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    expect(errors).toEqual([]);
    await legend(page, 'failed 1').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: /^fra 1.*failed/ }).waitFor();

    await puppets[0]?.close();
    await legend(page, 'offline 1').waitFor({ timeout: 90_000 });
    expect(page.url()).not.toContain('?');
    const batches = await page.evaluate<number>("performance.getEntriesByName('fleet-batch').length");
    expect(batches).toBeGreaterThan(0);
    await expectAccessible(window);
    await shoot(window, 'fleet-trouble');
    expectQuiet(window);
    await window.close();
  }, 300_000);

  it.each([{ width: 1440 }, { width: 390 }] as const)(
    'tells of the cluster that is walked to why it failed ($width px)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(hub.api, '/fleet?state=failed&application=web');
      await page.locator('[data-grid]').focus();
      await page.keyboard.press('Home');
      await page.locator('[data-card]').getByText('can not be pulled').waitFor({ timeout: 60_000 });
      await expectAccessible(window);
      await shoot(window, 'fleet-why');
      await page.keyboard.press('Escape');
      await page.locator('[data-card]').waitFor({ state: 'detached' });
      await window.close();
    },
    120_000,
  );

  it.each(LOOKS)(
    'is frozen and let go by a person, with a reason, after it said what it will do ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(hub.api, '/fleet');
      await page.getByRole('button', { name: 'Freeze …' }).click();
      const dialog = page.getByRole('dialog', { name: 'Freeze the fleet' });
      await dialog.getByText('What it will do:').waitFor();
      await expectAccessible(window);
      await shoot(window, 'fleet-freeze');
      await dialog.getByLabel('Reason').fill('the payment provider is down');
      await dialog.getByRole('button', { name: 'Freeze' }).click();
      const banner = page.getByRole('status').filter({ hasText: 'The fleet is frozen' });
      await banner.getByText('the payment provider is down').waitFor();
      await expectAccessible(window);
      await shoot(window, 'fleet-frozen');
      await page.getByRole('button', { name: 'Lift the freeze …' }).click();
      await page.getByRole('dialog').getByText('What it will do:').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Lift' }).click();
      await banner.waitFor({ state: 'detached' });
      expectQuiet(window);
      await window.close();
    },
    120_000,
  );

  it('shows a viewer no act, and those of a part of the fleet no more than their part', async () => {
    const viewer = await tokenOf({ name: 'looker', role: 'viewer' });
    const window = await chromium.open();
    const page = await window.visit(viewer, '/fleet');
    await page.getByRole('status').filter({ hasText: '3 clusters' }).waitFor();
    expect(await page.getByRole('button', { name: /Freeze/ }).count()).toBe(0);
    await expectAccessible(window);
    await window.close();
    viewer.close();

    const part = await tokenOf({
      name: 'ams',
      role: 'viewer',
      scope: { clusters: { matchLabels: { region: 'ams' } } },
    });
    const narrow = await chromium.open();
    const theirs = await narrow.visit(part, '/fleet');
    await theirs.getByRole('status').filter({ hasText: '2 clusters' }).waitFor();
    await narrow.close();
    part.close();
  }, 120_000);

  it('says what is wrong where the hub refuses', async () => {
    const window = await chromium.open({ width: 390 });
    const page = await window.visit(hub.api, '/fleet?application=Not_A_Name');
    await page.getByRole('alert').first().waitFor({ timeout: 60_000 });
    await expectAccessible(window);
    await shoot(window, 'fleet-refused');
    await page.getByRole('link', { name: 'Show the whole fleet' }).click();
    await page.getByRole('status').filter({ hasText: '3 clusters' }).waitFor();
    await window.close();
  }, 120_000);
});
