import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { PlanView, RolloutView } from '#contract';
import { CommandFleet } from '../helpers/command-fleet.js';
import { eventually } from '../helpers/test-hub.js';
import {
  expectAccessible,
  expectQuiet,
  LOOKS,
  shoot,
  startPageHub,
  TestChromium,
  type Look,
  type TestWindow,
} from './browser.js';

const PROD = ['ams-1', 'fra-1', 'fra-2', 'nyc-1', 'sfo-1', 'sin-1'];
const STAGING = ['ams-9', 'nyc-9'];
const TIMEOUT = 120_000;

/** Two objects and a Secret, as one release of the shop has them. */
const shop = (env: string, tag: string, more: { secret?: string; settings?: string } = {}): string =>
  [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shop-key' }, stringData: { key: more.secret ?? 'first' } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'shop-settings' },
      data: { env, ...(more.settings !== undefined && { settings: more.settings }) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'shop', labels: { app: 'shop' } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'shop' } },
        template: {
          metadata: { labels: { app: 'shop' } },
          spec: { containers: [{ name: 'shop', image: `registry.example/shop:${tag}` }] },
        },
      },
    },
  ]
    .map((object) => JSON.stringify(object))
    .join('\n---\n');

const folders = (prod: string, staging = prod): Record<string, string> => ({
  'overlays/prod/shop.yaml': prod,
  'overlays/staging/shop.yaml': staging,
});

describe('the page of an application', () => {
  let fleet: CommandFleet;
  let chromium: TestChromium;

  const commit = async (message: string, files: Record<string, string | null>): Promise<void> => {
    await fleet.repository.commit(message, files);
    await fleet.api.post('/api/v1/sources/shop/sync');
  };
  const open = async (to: string, look: Look = {}, api = fleet.api): Promise<[Page, TestWindow]> => {
    const window = await chromium.open(look);
    return [await window.visit(api, to), window];
  };
  const planOf = (release: number): Promise<PlanView> =>
    fleet.api.get(`/api/v1/applications/shop/plan?release=${release}`);
  const careful = (soak: string) =>
    fleet.strategy('careful', [
      { name: 'canary', take: 1, soak },
      { name: 'rest', soak: '0s', maxConcurrency: '50%' },
    ]);

  beforeAll(async () => {
    const labels = [
      ...PROD.map((name) => [name, { env: 'prod', region: name.slice(0, 3) }] as const),
      ...STAGING.map((name) => [name, { env: 'staging', region: name.slice(0, 3) }] as const),
    ];
    [fleet, chromium] = await Promise.all([
      CommandFleet.start(Object.fromEntries(labels), startPageHub),
      TestChromium.start(),
    ]);
  }, 180_000);
  afterAll(async () => {
    await chromium?.close();
    await fleet?.close();
  }, 60_000);

  it.each([LOOKS[0], LOOKS[3]] as const)(
    'says how one begins where there is none ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/applications', look);
      await page.getByText('There are no applications yet').waitFor();
      await page.getByText('flotilla apply -f application.yaml').waitFor();
      await expectAccessible(window);
      await shoot(window, 'applications-empty');
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it(
    'has three releases of it to look at, the last of which is on its way',
    async () => {
      await careful('0s');
      await commit('Begin the shop', folders(shop('prod', '1.0.0'), shop('staging', '1.0.0')));
      await fleet.apply('Application', 'shop', {
        source: 'shop',
        path: 'overlays/{{ labels.env }}',
        strategy: 'careful',
        ignoreDifferences: [{ kind: 'apps/Deployment', jsonPointers: ['/spec/replicas'] }],
      });
      await fleet.ended('shop', 60_000);
      // Another application, whose release fails in one cluster.
      fleet.act(/fra-2/, (application, told) =>
        application === 'billing'
          ? { phase: 'failed', message: 'Deployment default/billing: ImagePullBackOff: no such image billing:9' }
          : { phase: 'healthy', steadyMs: told.healthyForMs },
      );
      await fleet.apply('Strategy', 'at-once', { waves: [{ name: 'all', healthyFor: '0s', maxConcurrency: '100%' }] });
      await commit('Bill in euros', { 'apps/billing/billing.yaml': shop('all', '9') });
      await fleet.apply('Application', 'billing', { source: 'shop', path: 'apps/billing', strategy: 'at-once' });
      await commit(
        'Serve pictures from the cache\n\nThey are many.',
        folders(shop('prod', '1.1.0'), shop('staging', '1.1.0')),
      );
      await fleet.when('shop', 2, ({ state }) => state === 'succeeded');
      await careful('1h');
      await commit(
        'Sell socks',
        folders(
          shop('prod', '1.2.0', { secret: 'second', settings: 'socks' }),
          shop('staging', '1.2.0', { secret: 'second' }),
        ),
      );
      await fleet.when('shop', 3, ({ waves }) => waves[0]?.phase === 'soaking');
      await fleet.when('billing', 1, ({ counts }) => (counts.failed ?? 0) === 1);
      expect((await planOf(2)).running?.rollout).toBe('shop-3');
    },
    TIMEOUT,
  );

  it.each(LOOKS)(
    'is in the list with its health, its release and what it waits for ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/applications', look);
      const table = page.getByRole('table', { name: 'Applications' });
      await table.getByRole('link', { name: 'shop', exact: true }).waitFor();
      await table
        .getByRole('row', { name: /billing/ })
        .getByText('1failed')
        .waitFor();
      await expectAccessible(window);
      await shoot(window, 'applications');
      await page.keyboard.press('/');
      await page.keyboard.type('bill');
      await page.getByText('1 of 2').waitFor();
      expect(new URL(page.url()).search).toBe('?q=bill');
      expect(await table.getByRole('link', { name: 'shop', exact: true }).count()).toBe(0);
      await page.getByRole('searchbox').fill('nothing such');
      await page.getByText('No application is like that').waitFor();
      await page.getByRole('button', { name: 'Show all of them' }).click();
      await page.getByLabel('Which applications').selectOption('failing');
      await page.getByText('1 of 2').waitFor();
      await page.waitForURL('**/applications?show=failing');
      await table.getByRole('row', { name: /billing/ }).press('Enter');
      await page.getByRole('heading', { name: 'billing', level: 1 }).waitFor();
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it.each(LOOKS)(
    'shows each release with its commit and where it runs ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/applications/shop', look);
      const newest = page.getByRole('listitem', { name: 'Release 3' });
      await newest.getByRole('link', { name: 'runs on 1 of 8 clusters' }).waitFor();
      await newest.getByText('Sell socks').waitFor();
      await newest.getByText('Test', { exact: true }).waitFor();
      await page
        .getByRole('listitem', { name: 'Release 2' })
        .getByRole('link', { name: 'runs on 7 of 8 clusters' })
        .waitFor();
      await page.getByRole('listitem', { name: 'Release 1' }).getByText('Runs nowhere').waitFor();
      // A folder is no place on the web.
      expect(await page.getByRole('link', { name: /^Commit / }).count()).toBe(0);
      await newest.getByText('2 overlays').click();
      await newest.getByRole('table', { name: 'Overlays of release 3' }).getByText('overlays/prod').waitFor();
      await expectAccessible(window);
      await shoot(window, 'application-releases');
      await newest.getByRole('link', { name: 'runs on 1 of 8 clusters' }).click();
      await page.waitForURL('**/fleet?application=shop&release=3');
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it.each(LOOKS)(
    'shows what changes between two releases, once for all that have it ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/applications/shop?tab=diff', look);
      // What most clusters run against the newest.
      await page.getByText('2 different changes from release 2 to 3, for 8 clusters.').waitFor();
      expect(await page.getByLabel('From release', { exact: true }).inputValue()).toBe('2');
      const prod = page.getByRole('region', { name: 'Change for 6 clusters' });
      await prod.getByText(PROD[1] ?? '', { exact: false }).waitFor();
      const deployment = prod.getByRole('group', { name: /Deployment.*shop: 1 line added, 1 removed/ });
      await deployment.getByText('1.2.0').waitFor();
      expect(await deployment.locator('ins').count()).toBe(1);
      // That it is another one is all that is told of a Secret's value.
      await prod
        .getByText(/Secret.*shop-key/)
        .first()
        .waitFor();
      expect(await page.content()).not.toContain(Buffer.from('second').toString('base64'));
      await page.getByRole('region', { name: 'Change for 2 clusters' }).waitFor();
      await expectAccessible(window);
      await shoot(window, 'application-diff');
      await page.getByRole('button', { name: /^Turn round/ }).click();
      await page.getByText('2 different changes from release 3 to 2, for 8 clusters.').waitFor();
      await page.getByLabel('To release', { exact: true }).selectOption('3');
      await page.getByText('That is the same release twice').waitFor();
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it.each(LOOKS)(
    'shows what a rollout would do before it does it ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/applications/shop?tab=plan&release=1', look);
      const { digest } = await planOf(1);
      await page.getByText(digest).waitFor();
      await page.getByText('A start would supersede shop-3, which runs.').waitFor();
      const canary = page.getByRole('listitem').filter({ hasText: '1. canary' });
      await canary.getByText('1 cluster', { exact: false }).first().waitFor();
      await canary.locator('summary').click();
      await canary.getByRole('table', { name: 'Clusters of wave canary' }).getByRole('link').waitFor();
      await page.getByRole('table', { name: 'Bundles' }).getByText('overlays/staging').waitFor();
      await expectAccessible(window);
      await shoot(window, 'application-plan');
      await page.getByLabel('Strategy').selectOption('at-once');
      await page.getByText("A start goes by the application's own strategy, careful", { exact: false }).waitFor();
      expect(await page.getByRole('button', { name: 'Start …' }).isDisabled()).toBe(true);
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it.each([LOOKS[0], LOOKS[3]] as const)(
    'shows how it is declared and where it comes from, and looks there ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/applications/shop?tab=spec', look);
      await page.getByLabel('shop as YAML').getByText('path: overlays/{{ labels.env }}', { exact: false }).waitFor();
      await page.getByText('apps/Deployment may differ in /spec/replicas').waitFor();
      await page.getByText(fleet.repository.folder).waitFor();
      await page.getByRole('button', { name: 'Sync now' }).click();
      await page.getByText(/^No new commit: [0-9a-f]{8}$/).waitFor();
      await expectAccessible(window);
      await shoot(window, 'application-spec');
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it(
    'starts what was planned, and says so once the hub has done it',
    async () => {
      const [page, window] = await open('/applications/shop?tab=plan&release=1');
      const { digest } = await planOf(1);
      await page.getByRole('button', { name: 'Start …' }).click();
      const dialog = page.getByRole('dialog', { name: 'Roll out release 1 of shop' });
      await dialog.getByText('What it will do:').waitFor();
      await expectAccessible(window);
      await shoot(window, 'application-start');
      await dialog.getByLabel('Reason').fill('socks can wait');
      await dialog.getByRole('button', { name: 'Start the rollout' }).click();
      await page.waitForURL('**/rollouts/shop-4**');
      const rollout = await fleet.api.get<RolloutView>('/api/v1/rollouts/shop-4');
      expect(rollout).toMatchObject({ release: 1, planDigest: digest, reason: 'socks can wait' });
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it(
    'does not start another plan than the one that was read, and shows the new one',
    async () => {
      const [page, window] = await open('/applications/shop?tab=plan&release=2');
      const { digest: seen } = await planOf(2);
      await page.getByText(seen).waitFor();
      // A cluster goes over to staging while somebody reads.
      await fleet.api.patch('/api/v1/clusters/sin-1', { labels: { env: 'staging', region: 'sin' } });
      const { digest: now } = await eventually(
        'another plan',
        () => planOf(2),
        ({ digest }) => digest !== seen,
      );
      await page.getByRole('button', { name: 'Start …' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('plan-changed').waitFor();
      expect(await dialog.getByRole('button', { name: 'Start the rollout' }).isDisabled()).toBe(true);
      await expectAccessible(window);
      await shoot(window, 'application-plan-changed');
      await dialog.getByRole('button', { name: 'Show the plan as it is now' }).click();
      await page.getByText('The plan is another one now').waitFor();
      await page.getByText(now).waitFor();
      await expectAccessible(window);
      // The same between the preview and the yes.
      await page.getByRole('button', { name: 'Start …' }).click();
      await dialog.getByText('What it will do:').waitFor();
      await fleet.api.patch('/api/v1/clusters/sin-1', { labels: { env: 'prod', region: 'sin' } });
      await dialog.getByRole('button', { name: 'Start the rollout' }).click();
      await dialog.getByText('plan-changed').waitFor();
      await dialog.getByRole('button', { name: 'Show the plan as it is now' }).click();
      await page.getByText(seen).waitFor();
      await page.getByRole('button', { name: 'Start …' }).click();
      await dialog.getByText('What it will do:').waitFor();
      await dialog.getByRole('button', { name: 'Start the rollout' }).click();
      await page.waitForURL('**/rollouts/shop-5**');
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it(
    'takes the release back on a phone, shows it barred, and lifts that',
    async () => {
      const [page, window] = await open('/applications/shop', { width: 390, theme: 'dark' });
      await page.getByRole('button', { name: 'Roll back …' }).click();
      const dialog = page.getByRole('dialog', { name: 'Roll back shop-5' });
      await dialog.getByText('What it will do:').waitFor();
      await dialog.getByLabel('Clusters that had nothing before').selectOption('withdraw');
      await dialog.getByText('What it will do:').waitFor();
      await expectAccessible(window);
      await shoot(window, 'application-rollback');
      await dialog.getByLabel('Reason').fill('too slow');
      await dialog.getByRole('button', { name: 'Roll back', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      const second = page.getByRole('listitem', { name: 'Release 2' });
      await second.getByText('barred', { exact: false }).first().waitFor();
      await expectAccessible(window);
      await shoot(window, 'application-barred');
      await second.getByRole('button', { name: 'Lift the bar of release 2' }).click();
      const lift = page.getByRole('dialog', { name: 'Let release 2 of shop be rolled out again' });
      await lift.getByText('What it will do:').waitFor();
      await lift.getByLabel('Reason').fill('it was the network');
      await lift.getByRole('button', { name: 'Lift the bar' }).click();
      await lift.waitFor({ state: 'detached' });
      await second.getByText('barred', { exact: false }).first().waitFor({ state: 'detached' });
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it(
    'shows a new release by itself as its commit comes',
    async () => {
      const [page, window] = await open('/applications/shop');
      await page.getByRole('listitem', { name: 'Release 3' }).waitFor();
      await commit('Mend the socks', folders(shop('prod', '1.2.1'), shop('staging', '1.2.1')));
      await page.getByRole('listitem', { name: 'Release 4' }).getByText('Mend the socks').waitFor();
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it.each([LOOKS[0], LOOKS[3]] as const)(
    'shows a viewer all of it and says who may act ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/applications/shop?tab=plan', look, await fleet.as('viewer'));
      await page.getByText('This needs the role operator; you are viewer.', { exact: false }).first().waitFor();
      await page.getByRole('heading', { name: 'Waves' }).waitFor();
      expect(await page.getByRole('button', { name: 'Start …' }).isDisabled()).toBe(true);
      expect(await page.getByRole('button', { name: 'Roll back …' }).isDisabled()).toBe(true);
      await expectAccessible(window);
      await shoot(window, 'application-viewer');
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it.each([LOOKS[1], LOOKS[2]] as const)(
    'shows what a release would delete, and what a start would wait for ($width px, $theme)',
    async (look) => {
      const documents = shop('prod', '1.3.0').split('\n---\n');
      await commit(
        'Drop the settings',
        folders(documents.filter((text) => !text.includes('ConfigMap')).join('\n---\n')),
      );
      await fleet.api.post('/api/v1/freeze', { reason: 'the fair is on', for: '1h' });
      const [page, window] = await open('/applications/shop?tab=plan', look);
      await page.getByText('The fleet is frozen by token:first-admin: the fair is on').waitFor();
      const deletions = page.getByRole('region', { name: 'Deletions' });
      await deletions.getByText('of 3 objects', { exact: false }).first().waitFor();
      await deletions
        .getByText(/ConfigMap .*shop-settings/)
        .first()
        .waitFor();
      await expectAccessible(window);
      await deletions.scrollIntoViewIfNeeded();
      await shoot(window, 'application-plan-deletions');
      await fleet.api.post('/api/v1/unfreeze', { reason: 'it is over' });
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );

  it(
    'says that there is no such application',
    async () => {
      const [page, window] = await open('/applications/nothing');
      await page.getByRole('alert').getByText('There is no such thing: application nothing').waitFor();
      await expectAccessible(window);
      expectQuiet(window);
      await window.close();
    },
    TIMEOUT,
  );
});
