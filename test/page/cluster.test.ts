import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dump } from 'js-yaml';
import type { Page } from 'playwright-core';
import type { ClusterView, CreateTokenAnswer, TreeView } from '#contract';
import { handEdit, SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, type TestHub } from '../helpers/test-hub.js';
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

const WITHIN_MS = 60_000;
const desk: Look = { width: 1440, theme: 'light' };
const PASSWORD = 'correct-horse-battery';

const objects = (tag: string, colour: string, replicas: number): string =>
  [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { colour, currency: 'EUR' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { password: PASSWORD } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: `registry.example/web:${tag}` }] },
        },
      },
    },
  ]
    .map((each) => dump(each))
    .join('---\n');

const document = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'flotilla.dev/v1',
  kind,
  metadata: { name },
  spec,
});

/** Real agents of four clusters: one that somebody changed by hand, one with a bad image, one that went away, one that never came. */
describe('the clusters on the page', () => {
  let hub: TestHub;
  let chromium: TestChromium;
  let clusters: SimulatedClusters;
  let repository: TestRepository;
  let viewer: string;

  const view = (name: string): Promise<ClusterView> => hub.api.get(`/api/v1/clusters/${name}`);
  const tree = (name: string): Promise<TreeView> => hub.api.get(`/api/v1/clusters/${name}/applications/web/tree`);

  beforeAll(async () => {
    [hub, chromium] = await Promise.all([startPageHub(), TestChromium.start()]);
    repository = await TestRepository.create({
      'shop/dev/all.yaml': objects('1.0.0', 'blue', 2),
      'shop/prod/all.yaml': objects('bad', 'green', 3),
    });
    clusters = await SimulatedClusters.start(hub, [
      {
        name: 'eu-1',
        labels: { env: 'dev', region: 'eu', team: 'payments' },
        make: {
          version: 'v1.33.2',
          nodes: 3,
          provider: 'aws',
          nodeLabels: { 'topology.kubernetes.io/region': 'eu-west-1' },
        },
      },
      { name: 'gone-1', labels: { env: 'dev', region: 'ap' }, make: { version: 'v1.32.6', nodes: 1 } },
      { name: 'us-1', labels: { env: 'prod', region: 'us' }, make: { version: 'v1.33.2', nodes: 12, provider: 'gce' } },
    ]);
    await hub.api.post('/api/v1/clusters', { name: 'new-1', labels: { env: 'lab' } });
    await hub.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'all', {
          waves: [{ name: 'all', healthyFor: '0s', maxConcurrency: '100%', maxFailures: 5, maxUnreachable: 5 }],
        }),
        document('Application', 'web', {
          source: 'shop',
          path: 'shop/{{ labels.env }}',
          placement: { selector: { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'prod'] }] } },
          strategy: 'all',
          namespace: 'shop',
          drift: 'report',
        }),
      ],
    });
    await Promise.all(
      Object.entries({ 'eu-1': 'healthy', 'gone-1': 'healthy', 'us-1': 'failed' }).map(([name, health]) =>
        eventually(
          `${name} is ${health}`,
          () => view(name),
          (cluster) => cluster.health === health,
          WITHIN_MS,
        ),
      ),
    );
    await clusters.stopAgent('gone-1');
    await clusters.request(
      'eu-1',
      handEdit('/api/v1/namespaces/shop/configmaps/settings', { data: { colour: 'red' } }),
    );
    await clusters.request(
      'eu-1',
      handEdit('/api/v1/namespaces/shop/secrets/keys', {
        data: { password: Buffer.from('another-one').toString('base64') },
      }),
    );
    await eventually(
      'the edits are seen',
      () => tree('eu-1'),
      ({ objects: all }) => all.filter(({ sync }) => sync === 'outOfSync').length === 2,
      WITHIN_MS,
    );
    await eventually(
      'gone-1 is offline',
      () => view('gone-1'),
      ({ status }) => status === 'offline',
      WITHIN_MS,
    );
    viewer = (await hub.api.post<CreateTokenAnswer>('/api/v1/tokens', { name: 'looker', role: 'viewer' })).token;
  }, 180_000);

  afterAll(async () => {
    await chromium?.close();
    await clusters?.stop();
    await hub?.stop();
    await repository?.remove();
  }, 60_000);

  /** One window for each look, signed in once: what is slow is to begin. */
  const windows = new Map<string, Promise<TestWindow>>();
  async function windowOf(look: Look, token?: string): Promise<TestWindow> {
    const window = await chromium.open(look);
    const api = token === undefined ? hub.api : hub.api.as(token);
    await window.visit(api, '/clusters');
    if (token !== undefined) api.close();
    return window;
  }

  /** On a path, tried whole: what is left at the end is looked at by axe and kept as a picture, and the browser complains of nothing. */
  async function on(
    to: string,
    { look = desk, token, picture }: { look?: Look; token?: string; picture?: string },
    run: (page: Page, window: TestWindow) => Promise<unknown>,
  ): Promise<void> {
    const key = JSON.stringify([look, token]);
    const opened = windows.get(key) ?? windowOf(look, token);
    windows.set(key, opened);
    const window = await opened;
    await window.page.goto(new URL(to, window.page.url()).href);
    await run(window.page, window);
    await expectAccessible(window);
    if (picture !== undefined) await shoot(window, picture);
    expectQuiet(window);
  }
  const rowCount = (page: Page): Promise<number> => page.getByRole('table').locator('[data-index]').count();

  describe('as a list', () => {
    it.each(LOOKS)('shows each with its state ($width px, $theme)', (look) =>
      on('/clusters', { look, picture: 'clusters' }, async (page) => {
        await page.getByRole('link', { name: 'us-1' }).waitFor();
        expect(await rowCount(page)).toBe(4);
        await page.getByRole('cell').getByText('not joined yet').waitFor();
      }),
    );

    it('finds by name, by labels and facts as kubectl writes them, and by status, and keeps that in the address', () =>
      on('/clusters', {}, async (page) => {
        await page.getByRole('link', { name: 'us-1' }).waitFor();
        await page.keyboard.press('/');
        await page.keyboard.type('-1');
        await page.getByText('4 found').waitFor();
        const labels = page.getByLabel('Labels and facts');
        await labels.fill('env in (dev,prod),region!=us');
        await page.getByText('2 found').waitFor();
        expect(new URL(page.url()).searchParams.get('q')).toBe('env in (dev,prod),region!=us');
        await page.getByLabel('Status').selectOption('offline');
        await page.getByText('1 found').waitFor();
        await page.reload();
        await page.getByRole('link', { name: 'gone-1' }).waitFor();
        expect(await rowCount(page)).toBe(1);
        await labels.fill('env in (dev');
        await page.getByRole('alert').getByText('is not understood').waitFor();
        await labels.fill('env=nowhere');
        await page.getByText('No cluster is like that').waitFor();
      }));

    it('opens one by keyboard, and two to be compared', () =>
      on('/clusters', {}, async (page) => {
        await page.getByRole('checkbox', { name: 'Compare eu-1' }).check();
        await page.getByRole('checkbox', { name: 'Compare us-1' }).check();
        await page.getByRole('link', { name: 'Compare eu-1 and us-1' }).click();
        await page.getByRole('heading', { name: 'eu-1 and us-1' }).waitFor();
        await page.goBack();
        await page.getByRole('table').locator('[data-index="0"]').focus();
        await page.keyboard.press('j');
        await page.keyboard.press('Enter');
        await page.waitForURL('**/clusters/gone-1');
        await page.getByRole('heading', { name: 'gone-1', level: 1 }).waitFor();
      }));
  });

  describe('one by one', () => {
    it.each(LOOKS)('says why, by what agent and credential, and what runs there ($width px, $theme)', (look) =>
      on('/clusters/eu-1', { look, picture: 'cluster' }, async (page) => {
        await page.getByRole('link', { name: 'web', exact: true }).waitFor();
        await page.getByText(/issued .* ends/).waitFor();
        await page.getByText('v1.33.2', { exact: true }).waitFor();
        await page.getByText('team=payments').waitFor();
      }),
    );

    it.each(LOOKS)('shows the pod that fails below its owners, and its reason ($width px, $theme)', (look) =>
      on('/clusters/us-1?tab=objects', { look, picture: 'cluster-object' }, async (page, window) => {
        const pod = page
          .getByRole('treeitem')
          .filter({ hasText: /^Pod.*ImagePull/ })
          .first();
        await pod.waitFor();
        await expectAccessible(window);
        await shoot(window, 'cluster-objects');
        await pod.click();
        await page.getByRole('region', { name: /^Pod shop\/web-/ }).waitFor();
        expect(new URL(page.url()).searchParams.get('object')).toMatch(/^Pod\/shop\/web-/);
      }),
    );

    it('walks the tree by keyboard, and shows only what is off', () =>
      on('/clusters/us-1?tab=objects', {}, async (page) => {
        const items = page.getByRole('treeitem');
        await items.first().focus();
        await page.keyboard.press('End');
        await page.keyboard.press('n');
        const isFocused = (text: string) =>
          page.getByRole('treeitem').filter({ hasText: text }).and(page.locator(':focus')).waitFor();
        await isFocused('Deployment');
        await page.keyboard.press('ArrowRight');
        await isFocused('ReplicaSet');
        await page.keyboard.press('ArrowRight');
        await isFocused('Pod');
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Its events' }).waitFor();
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.press('ArrowLeft');
        await page.getByRole('treeitem', { expanded: false }).waitFor();
        await page.getByLabel('Only what is off').check();
        await page.getByRole('treeitem').filter({ hasText: 'ConfigMap' }).waitFor({ state: 'detached' });
        expect(new URL(page.url()).searchParams.get('only')).toBe('unhealthy');
      }));

    it.each(LOOKS)('shows what somebody changed, and no value of a Secret ($width px, $theme)', (look) =>
      on('/clusters/eu-1?tab=diff', { look, picture: 'cluster-diff' }, async (page) => {
        await page.locator('del').filter({ hasText: 'colour: red' }).waitFor();
        await page.locator('ins').filter({ hasText: 'colour: blue' }).waitFor();
        expect(
          await page
            .locator('del, ins')
            .filter({ hasText: /password: \(hidden [0-9a-f]{8}\)/ })
            .count(),
        ).toBe(2);
        const all = await page.content();
        for (const secret of [PASSWORD, 'another-one', Buffer.from(PASSWORD).toString('base64')])
          expect(all).not.toContain(secret);
      }),
    );

    it.each(LOOKS)('shows what Kubernetes says of a pod ($width px, $theme)', (look) =>
      on('/clusters/us-1?tab=events&only=warning', { look, picture: 'cluster-events' }, async (page) => {
        await page.getByText('BackOff', { exact: true }).first().waitFor();
      }),
    );

    it('shows its history', () =>
      on('/clusters/us-1', {}, async (page) => {
        await page.getByRole('tab', { name: 'Overview' }).focus();
        await page.keyboard.press('ArrowLeft');
        await page.getByRole('tab', { name: 'History', selected: true }).waitFor();
        await page.getByRole('link', { name: /^web-/ }).first().waitFor();
      }));

    it.each(LOOKS)('says that it is offline and can’t be asked ($width px, $theme)', (look) =>
      on('/clusters/gone-1?tab=objects', { look, picture: 'cluster-offline' }, async (page) => {
        const alert = page.getByRole('alert');
        await alert.getByText('The cluster is offline').waitFor();
        await alert.getByText('has been offline since').waitFor();
        await page.getByRole('button', { name: 'Ask again' }).click();
        await alert.getByText('The cluster is offline').waitFor();
      }),
    );

    it('says of one that never joined that nothing runs there', () =>
      on('/clusters/new-1?tab=events', {}, async (page) => {
        await page.getByText('No application is assigned to this cluster').waitFor();
        await page.getByRole('tab', { name: 'Overview' }).click();
        await page.getByText('it has not joined yet').waitFor();
      }));

    it('says that there is no such cluster', () =>
      on('/clusters/nowhere', {}, async (page) => {
        await page.getByRole('alert').getByText('There is no such thing').waitFor();
        await page.getByRole('link', { name: 'All clusters' }).waitFor();
      }));
  });

  describe('what is done to one', () => {
    it.each(LOOKS)('is held by who says why, and let go ($width px, $theme)', (look) =>
      on('/clusters/eu-1', { look }, async (page, window) => {
        await page.getByRole('button', { name: 'Hold', exact: true }).click();
        const dialog = page.getByRole('dialog', { name: 'Hold eu-1' });
        await dialog.getByText(/What it will do|would change/).waitFor();
        expect(await dialog.getByRole('button', { name: 'Hold' }).isDisabled()).toBe(true);
        await dialog.getByLabel('Reason').fill('incident 4711');
        await expectAccessible(window);
        await shoot(window, 'cluster-hold');
        await dialog.getByRole('button', { name: 'Hold' }).click();
        await page
          .getByText(/by .*: incident 4711/)
          .first()
          .waitFor();
        expect((await view('eu-1')).hold?.reason).toBe('incident 4711');
        await page.getByRole('button', { name: 'Let go' }).click();
        const other = page.getByRole('dialog', { name: 'Let eu-1 go' });
        await other.getByText(/What it will do|would change/).waitFor();
        await other.getByRole('button', { name: 'Let go' }).click();
        await page.getByRole('button', { name: 'Hold', exact: true }).waitFor();
        expect((await view('eu-1')).hold).toBeUndefined();
      }),
    );

    it('gets other labels, and is told what is wrong with one', () =>
      on('/clusters/gone-1', {}, async (page, window) => {
        await page.getByRole('button', { name: 'Edit labels' }).click();
        const dialog = page.getByRole('dialog', { name: 'Labels of gone-1' });
        await dialog.getByText('It would change nothing').waitFor();
        await dialog.getByLabel('Value of label 2').fill('afar');
        await dialog.getByText('changes region=ap to region=afar').waitFor();
        await dialog.getByRole('button', { name: 'Add a label' }).click();
        await dialog.getByLabel('Key of label 3').fill('fact.x');
        await dialog.getByRole('alert').waitFor();
        expect(await dialog.getByRole('button', { name: 'Save labels' }).isDisabled()).toBe(true);
        await dialog.getByLabel('Key of label 3').fill('tier');
        await dialog.getByLabel('Value of label 3').fill('gold');
        await expectAccessible(window);
        await shoot(window, 'cluster-labels');
        await dialog.getByRole('button', { name: 'Save labels' }).click();
        await page.getByText('tier=gold', { exact: true }).waitFor();
        expect((await view('gone-1')).labels).toEqual({ env: 'dev', region: 'afar', tier: 'gold' });
      }));

    it('gets a new join token, which is shown once', () =>
      on('/clusters/new-1', {}, async (page, window) => {
        await page.getByRole('button', { name: 'New join token' }).click();
        const dialog = page.getByRole('dialog', { name: 'New join token for new-1' });
        await dialog.getByLabel('Keep the agent to these namespaces').fill('shop, pay');
        await expectAccessible(window);
        await dialog.getByRole('button', { name: 'Make a new token' }).click();
        await dialog.getByText(/kubectl apply|curl/).waitFor();
        await dialog.getByText('rights in pay, shop and nowhere else').waitFor();
        await expectAccessible(window);
        await dialog.getByRole('button', { name: 'Done' }).click();
        await dialog.waitFor({ state: 'detached' });
      }));

    it('is removed by who says what becomes of what runs there, and writes its name', () =>
      on('/clusters/gone-1', {}, async (page, window) => {
        await page.getByRole('button', { name: 'Remove' }).click();
        const dialog = page.getByRole('dialog', { name: 'Remove gone-1 from the fleet' });
        const remove = dialog.getByRole('button', { name: 'Remove' });
        await dialog.getByLabel('Delete it').check();
        await dialog.getByText('It is offline: nothing is deleted before it comes back').waitFor();
        await expectAccessible(window);
        await shoot(window, 'cluster-remove');
        expect(await remove.isDisabled()).toBe(true);
        await dialog.getByLabel('Write gone-1 to go on').fill('gone-1');
        await remove.click();
        await dialog.waitFor({ state: 'detached' });
        await page.getByText('leaving').first().waitFor();
        expect((await view('gone-1')).status).toBe('leaving');
        await page.getByRole('button', { name: 'Remove' }).click();
        await dialog.getByLabel('Leave it as it is').check();
        await dialog.getByLabel('Write gone-1 to go on').fill('gone-1');
        await remove.click();
        await page.waitForURL('**/clusters');
        await page.getByText('locked out, and what it applied stays').waitFor();
        await expect(view('gone-1')).rejects.toThrow('not-found');
      }));

    it('is offered in the palette', () =>
      on('/clusters/eu-1', {}, async (page) => {
        await page.getByRole('button', { name: 'Hold', exact: true }).waitFor();
        await page.keyboard.press('Control+k');
        await page.keyboard.type('hold');
        await page.getByRole('option', { name: 'Hold: eu-1' }).click();
        await page.getByRole('dialog', { name: 'Hold eu-1' }).waitFor();
      }));

    it('is not offered to who may only look', () =>
      on('/clusters/us-1', { token: viewer, picture: 'cluster-viewer' }, async (page) => {
        await page.getByRole('link', { name: 'Compare' }).waitFor();
        await page.getByRole('link', { name: 'web', exact: true }).waitFor();
        for (const name of ['Hold', 'Edit labels', 'New join token', 'Remove'])
          expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0);
        await page.getByRole('tab', { name: 'Objects' }).click();
        await page.getByRole('treeitem').first().waitFor();
      }));
  });

  describe('two of them', () => {
    it.each(LOOKS)('stand side by side, what differs first ($width px, $theme)', (look) =>
      on('/compare?a=eu-1&b=us-1', { look, picture: 'compare' }, async (page) => {
        await page.getByText('another bundle').waitFor();
        const firstLabel = page.getByRole('region', { name: 'Labels' }).getByRole('rowheader').first();
        expect(await firstLabel.textContent()).toContain('env');
        await page.getByText('In what the bundles differ').click();
        await page.locator('del').filter({ hasText: 'registry.example/web:1.0.0' }).waitFor();
        await page.locator('ins').filter({ hasText: 'registry.example/web:bad' }).waitFor();
        expect(await page.content()).not.toContain(PASSWORD);
      }),
    );

    it('are chosen by name, and swapped', () =>
      on('/compare', {}, async (page) => {
        await page.getByText('Choose two clusters').waitFor();
        await page.getByLabel('First cluster').fill('eu-1');
        await page.getByLabel('Second cluster').fill('us-1');
        await page.getByRole('button', { name: 'Compare' }).click();
        await page.getByRole('heading', { name: 'eu-1 and us-1' }).waitFor();
        await page.getByRole('button', { name: 'Swap the two' }).click();
        await page.getByRole('heading', { name: 'us-1 and eu-1' }).waitFor();
      }));
  });
});
