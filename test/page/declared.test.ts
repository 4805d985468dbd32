import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { AuditView, CreateTokenAnswer, FleetExport, FleetStatus, PolicyFindingView } from '#contract';
import { CommandFleet } from '../helpers/command-fleet.js';
import type { TestApi } from '../helpers/test-api.js';
import { eventually } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';
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

const TIMEOUT = 90_000;
const WITHIN_MS = 60_000;

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const pod = (image: string): string =>
  JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' } },
    spec: { containers: [{ name: 'main', image }] },
  });
const document = (kind: string, name: string, spec: object): object => ({
  ...{ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec },
});
const IMAGES = {
  mode: 'refuse',
  match: { kinds: ['apps/Deployment', 'Pod'], selector: { matchLabels: { env: 'prod' } } },
  rules: [
    {
      name: 'no-latest',
      expression: 'containers.all(c, c.image.contains(":") && !c.image.endsWith(":latest"))',
      message: 'name a version of the image',
    },
    {
      name: 'limits',
      expression: 'containers.all(c, has(c.resources) && has(c.resources.limits))',
      message: 'set resources.limits',
    },
  ],
};
const OWNERS = {
  mode: 'warn',
  match: { kinds: ['*'] },
  rules: [{ name: 'owner', expression: 'has(object.metadata.labels.owner)', message: 'label it with its owner' }],
};

/** The hub's policies, and the repository that declares the fleet. The tests are one story and go on from each other. */
describe('policies and the fleet in Git on the page', () => {
  let fleet: CommandFleet;
  let chromium: TestChromium;
  let repository: TestRepository;

  const open = async (to: string, look: Look = {}, api = fleet.api): Promise<[Page, TestWindow]> => {
    const window = await chromium.open(look);
    return [await window.visit(api, to), window];
  };
  const close = async (window: TestWindow): Promise<void> => {
    expectQuiet(window);
    await window.close();
  };
  const scoped = async (): Promise<TestApi> => {
    const { token } = await fleet.api.post<CreateTokenAnswer>('/api/v1/tokens', {
      ...{ name: `web-only-${Date.now()}`, role: 'viewer', scope: { applications: ['web'] } },
    });
    return fleet.api.as(token);
  };
  const findings = async (): Promise<PolicyFindingView[]> =>
    (await fleet.api.get<{ items: PolicyFindingView[] }>('/api/v1/policy-findings')).items;
  const status = (): Promise<FleetStatus> => fleet.api.get('/api/v1/declared');
  const commit = async (message: string, files: Readonly<Record<string, string | null>>): Promise<void> => {
    await repository.commit(message, files);
    await fleet.api.post('/api/v1/sources/fleet/sync');
  };

  beforeAll(async () => {
    repository = await TestRepository.create({ 'README.md': 'the fleet' });
    [fleet, chromium] = await Promise.all([
      CommandFleet.start({ 'eu-1': { env: 'prod' }, 'eu-2': { env: 'prod' }, 'us-1': { env: 'dev' } }, startPageHub),
      TestChromium.start(),
    ]);
    await fleet.application('web', [{ name: 'all' }]);
    await fleet.application('shop', [{ name: 'all' }]);
  }, 180_000);
  afterAll(async () => {
    await chromium?.close();
    await fleet?.close();
    await repository?.remove();
  }, 60_000);

  it.each([LOOKS[0], LOOKS[3]] as const)(
    'says how one begins where there is nothing yet ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/policies', look);
      await page.getByText('There are no policies').waitFor();
      await expectAccessible(window);
      await shoot(window, 'policies-empty');
      await page.goto(new URL('/declared', page.url()).href);
      await page.getByText('No repository declares this fleet').waitFor();
      await expectAccessible(window);
      await shoot(window, 'declared-empty');
      await close(window);
    },
    TIMEOUT,
  );

  it.each([LOOKS[0], LOOKS[3]] as const)(
    'lists policies with what they say now ($width px, $theme)',
    async (look) => {
      if (look === LOOKS[0]) {
        await fleet.apply('Policy', 'images', IMAGES);
        await fleet.apply('Policy', 'owners', OWNERS);
        await fleet.apply('Policy', 'hosts', {
          ...{ mode: 'warn', match: { kinds: ['networking.k8s.io/Ingress'] } },
          rules: [{ name: 'host', expression: 'has(object.spec.rules)', message: 'name a host' }],
        });
        await fleet.repository.commit('sell', { 'apps/shop/pod.yaml': pod('shop:latest') });
        await fleet.api.post('/api/v1/sources/shop/sync');
        await eventually('all is found', findings, (all) => all.length === 4, WITHIN_MS);
      }
      const [page, window] = await open('/policies', look);
      const table = page.getByRole('table', { name: 'Policies' });
      await table
        .getByRole('row', { name: /images/ })
        .getByText('refuses 1')
        .waitFor();
      await table
        .getByRole('row', { name: /owners/ })
        .getByText('warns 2')
        .waitFor();
      await table.getByRole('row', { name: /hosts/ }).getByText('nothing').waitFor();
      await expectAccessible(window);
      await shoot(window, 'policies');
      await page.keyboard.press('/');
      await page.keyboard.type('deploy');
      await page.getByText('1 of 3').waitFor();
      expect(new URL(page.url()).search).toBe('?q=deploy');
      await page.getByRole('searchbox').fill('nothing such');
      await page.getByText('No policy is like that').waitFor();
      await button(page, 'Show all of them').click();
      await page.getByLabel('Which policies').selectOption('warning');
      await page.waitForURL('**/policies?show=warning');
      await table.getByRole('row', { name: /owners/ }).press('Enter');
      await page.getByRole('heading', { name: 'Policy owners', level: 1 }).waitFor();
      await close(window);
    },
    TIMEOUT,
  );

  it.each(LOOKS)(
    'shows one with its rules, and where it said no ($width px, $theme)',
    async (look) => {
      const [page, window] = await open('/policies/images', look);
      const rules = page.getByRole('list', { name: 'Rules' });
      await rules.getByText('!c.image.endsWith(":latest")', { exact: false }).waitFor();
      await page.getByText('env=prod').waitFor();
      const found = page.getByRole('list', { name: 'Findings' }).getByRole('listitem');
      await found.filter({ hasText: 'Pod shop: name a version of the image' }).getByText('refused').waitFor();
      await found.first().getByRole('link', { name: 'eu-1' }).waitFor();
      await expectAccessible(window);
      await shoot(window, 'policy');
      await page.getByLabel('Which findings').selectOption('over');
      await page.waitForURL('**/policies/images?show=over');
      await page.getByText('No finding is like that').waitFor();
      await close(window);
    },
    TIMEOUT,
  );

  it(
    'goes there by the palette and by a key, and shows by itself that something is mended',
    async () => {
      const [page, window] = await open('/fleet');
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.keyboard.press('Control+K');
      await page.keyboard.type('images');
      await page.getByRole('option', { name: 'images' }).click();
      await page.waitForURL('**/policies/images');
      await page.getByText('refused', { exact: true }).first().waitFor();
      const found = page.getByRole('list', { name: 'Findings' }).getByRole('listitem');
      await fleet.repository.commit('take it back', { 'apps/shop/pod.yaml': null });
      await fleet.api.post('/api/v1/sources/shop/sync');
      await found.filter({ hasText: 'refused, and over' }).nth(1).waitFor({ timeout: 60_000 });
      await page.keyboard.press('g');
      await page.keyboard.press('p');
      await page.waitForURL('**/policies');
      await close(window);
    },
    TIMEOUT,
  );

  it.each([LOOKS[1], LOOKS[2]] as const)(
    'tells whose rights end before them that they may not look ($width px, $theme)',
    async (look) => {
      const api = await scoped();
      const [page, window] = await open('/policies', look, api);
      await page.getByText('You may not see policies').waitFor();
      await expectAccessible(window);
      await page.goto(new URL('/policies/images', page.url()).href);
      await page.getByText('You may not see policy images').waitFor();
      await page.goto(new URL('/declared', page.url()).href);
      await page.getByText('You may not see what Git declares').waitFor();
      await expectAccessible(window);
      await shoot(window, 'declared-denied');
      await page.goto(new URL('/policies/nothing', page.url()).href);
      await page.getByRole('alert').waitFor();
      api.close();
      await close(window);
    },
    TIMEOUT,
  );

  it(
    'applies the first commit by what the hub says it does, and a reason',
    async () => {
      const { documents } = await fleet.api.get<FleetExport>('/api/v1/export');
      const named = documents.filter(({ kind }) => kind === 'Strategy' || kind === 'Policy');
      await fleet.apply('Source', 'fleet', { url: repository.folder, interval: '1h' });
      await fleet.apply('Fleet', 'fleet', { source: 'fleet', path: 'fleet', apply: 'manual' });
      await commit('The fleet', {
        ...Object.fromEntries(
          named.map((each) => [`fleet/${each.kind.toLowerCase()}-${each.metadata.name}.json`, JSON.stringify(each)]),
        ),
        'fleet/careful.json': JSON.stringify(document('Strategy', 'careful', { waves: [{ name: 'all' }] })),
      });
      await eventually('it waits', status, ({ state }) => state === 'new' || state === 'pending', WITHIN_MS);
      const [page, window] = await open('/declared');
      await page.getByText('waits for a person', { exact: false }).first().waitFor();
      const plan = page.getByRole('list', { name: 'What would change' });
      await plan.getByText('careful').first().waitFor();
      await plan.getByText('created').waitFor();
      await page.getByRole('tab', { name: /In no file/ }).click();
      await page.getByRole('list', { name: 'Declared by no file' }).getByText('Application web').waitFor();
      await expectAccessible(window);
      await button(page, 'Apply …').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('Strategy careful: created').waitFor();
      await expectAccessible(window);
      expect(await button(page, 'Apply').isDisabled()).toBe(true);
      await dialog.getByLabel('Reason').fill('as it is in Git from now on');
      await button(page, 'Apply').click();
      await dialog.waitFor({ state: 'detached' });
      await page.getByText(/^All is as commit/).waitFor();
      const { items } = await fleet.api.get<{ items: AuditView[] }>('/api/v1/audit?act=fleet.apply');
      expect(items[0]).toMatchObject({ actor: 'token:first-admin', reason: 'as it is in Git from now on' });
      // What it declares says so.
      await page.goto(new URL('/policies/images', page.url()).href);
      await page.getByRole('link', { name: 'fleet/policy-images.json of source fleet' }).click();
      await page.waitForURL('**/declared');
      await close(window);
    },
    TIMEOUT,
  );

  it.each(LOOKS)(
    'shows who changed what by hand ($width px, $theme)',
    async (look) => {
      if (look === LOOKS[0]) {
        const careful = document('Strategy', 'careful', { waves: [{ name: 'few', take: 1 }, { name: 'rest' }] });
        await fleet.api.post('/api/v1/apply', { documents: [careful], reason: 'one cluster first' });
        // It may be gone already where this is tried again.
        await fleet.api.delete('/api/v1/policies/hosts').catch(() => undefined);
      }
      const [page, window] = await open('/declared', look);
      await page.getByText(/^2 objects were changed by hand/).waitFor();
      const list = page.getByRole('list', { name: 'Changed by hand' });
      await list.getByText('one cluster first').waitFor();
      await list.getByText('deleted by hand').waitFor();
      await list.getByRole('group', { name: /Strategy careful: \d+ lines? added/ }).waitFor();
      await expectAccessible(window);
      await shoot(window, 'declared-drift');
      await page.getByLabel('Filter objects').fill('hosts');
      await page.waitForURL('**q=hosts**');
      await list.getByText('careful').waitFor({ state: 'detached' });
      // The rest of the plan puts it back.
      await page.getByRole('tab', { name: 'Newest commit (2)' }).click();
      await page.getByRole('list', { name: 'What would change' }).getByText('created').waitFor();
      await close(window);
    },
    TIMEOUT,
  );

  it.each([LOOKS[0], LOOKS[3]] as const)(
    'tells which files are refused, and that all stays ($width px, $theme)',
    async (look) => {
      if (look === LOOKS[0]) {
        await commit('Two mistakes', {
          'fleet/careful.json': JSON.stringify(
            document('Strategy', 'careful', { waves: [{ name: 'all', sook: '5m' }] }),
          ),
          'fleet/bad.yaml': JSON.stringify(document('Application', 'b', { path: '.' })),
        });
      }
      const [page, window] = await open('/declared?tab=plan', look);
      const files = page.getByRole('list', { name: 'Refused files' });
      await files.getByText('fleet/bad.yaml (Application/b)', { exact: false }).waitFor();
      await files.getByText('fleet/careful.json', { exact: false }).waitFor();
      await page.getByText(/^Something is in the way of the newest commit: all stays as commit/).waitFor();
      await expectAccessible(window);
      await shoot(window, 'declared-refused');
      await close(window);
    },
    TIMEOUT,
  );

  it.each([LOOKS[0], LOOKS[3]] as const)(
    'deletes much only where a person says that it is meant ($width px, $theme)',
    async (look) => {
      const isFirst = look === LOOKS[0];
      if (isFirst) {
        await commit('Most goes', {
          ...{ 'fleet/bad.yaml': null, 'fleet/careful.json': null, 'fleet/policy-owners.json': null },
          'fleet/policy-hosts.json': null,
          'fleet/policy-images.json': null,
        });
      }
      const [page, window] = await open('/declared?tab=plan', look);
      await page
        .getByText(/more than a third/)
        .first()
        .waitFor();
      await button(page, 'Apply …').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('Is it meant to go?', { exact: false }).waitFor();
      expect(await button(page, 'Apply').isDisabled()).toBe(true);
      await expectAccessible(window);
      await dialog.getByLabel(/Delete what is not declared/).check();
      await dialog.getByText('Policy images: deleted (fleet/policy-images.json)').waitFor();
      await dialog.getByLabel('Reason').fill('the policies move');
      await expectAccessible(window);
      await shoot(window, 'declared-apply');
      if (isFirst) await button(page, 'Don’t').click();
      else await button(page, 'Apply and delete').click();
      await dialog.waitFor({ state: 'detached' });
      if (!isFirst) await page.getByText(/^All is as commit/).waitFor();
      await close(window);
    },
    TIMEOUT,
  );

  it(
    'shows a viewer all of it, and says who may apply',
    async () => {
      const [page, window] = await open('/declared', {}, await fleet.as('viewer'));
      await page.getByText('nothing would change', { exact: false }).waitFor();
      await page.getByText('This needs the role admin; you are viewer.', { exact: false }).waitFor();
      expect(await button(page, 'Apply …').isDisabled()).toBe(true);
      await page.getByRole('tab', { name: 'Repository' }).click();
      await page.getByText('Most goes').waitFor();
      expect(await button(page, 'Sync now').isDisabled()).toBe(true);
      await expectAccessible(window);
      await close(window);
    },
    TIMEOUT,
  );
});
