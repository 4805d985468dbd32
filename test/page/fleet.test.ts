import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { BIG_FLEET_ENV, growBigFleet, type BigFleet } from '../helpers/big-fleet.js';
import type { TestHub } from '../helpers/test-hub.js';
import { expectAccessible, expectQuiet, LOOKS, shoot, startPageHub, TestChromium, type Look } from './browser.js';

const CLUSTERS = 10_000;
const WORDS: Readonly<Record<string, string>> = { waiting: 'not joined', none: 'no application' };

/** The grid as people see it: it is painted, and counts are told. */
async function painted(page: Page): Promise<void> {
  await page.locator('[data-grid] canvas').first().waitFor();
  await page.waitForSelector('[data-card], [data-grid]');
  expect(await marks(page)).toBeGreaterThan(0);
}

/** How many of the first canvas' pixels have anything painted on them. */
function marks(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector('[data-grid] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let many = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 0) many += 1;
    return many;
  })()`);
}

const count = (page: Page, text: string | RegExp) =>
  page.getByRole('status').filter({ hasText: text }).first().waitFor();
const legend = (page: Page, name: string | RegExp) =>
  page.getByRole('group', { name: 'States' }).getByRole('button', { name });

describe('a fleet of 10,000 clusters on the page', () => {
  let hub: TestHub;
  let fleet: BigFleet;
  let chromium: TestChromium;
  beforeAll(async () => {
    [hub, chromium] = await Promise.all([startPageHub({ ...BIG_FLEET_ENV }), TestChromium.start()]);
    fleet = await growBigFleet(hub.databaseUrl, { clusters: CLUSTERS, rollout: 400, everywhere: 1 });
  }, 240_000);
  afterAll(async () => {
    await chromium?.close();
    await hub?.stop();
    await fleet?.close();
  }, 60_000);

  const open = async (to: string, look: Look = {}) => {
    const window = await chromium.open(look);
    const page = await window.visit(hub.api, to);
    return { window, page };
  };

  it.each(LOOKS)(
    'is one picture with all states counted, in groups ($width px, $theme)',
    async (look) => {
      const { window, page } = await open('/fleet', look);
      await painted(page);
      await count(page, '10,000 clusters');
      for (const [state, many] of Object.entries(fleet.states))
        await legend(page, `${WORDS[state] ?? state} ${many.toLocaleString('en-GB')}`).waitFor();
      await page.getByRole('button', { name: /^af-south-1 / }).waitFor();
      const names = await page.evaluate("performance.getEntriesByName('fleet-usable').length");
      expect(names).toBe(1);
      await expectAccessible(window);
      await shoot(window, 'fleet');
      expectQuiet(window);
      await window.close();
    },
    120_000,
  );

  it.each(LOOKS)(
    'shows an application alone: its release, who lags and why ($width px, $theme)',
    async (look) => {
      const { window, page } = await open('/fleet?application=shop&group=ring', look);
      await painted(page);
      await count(page, '400 of 10,000 clusters');
      await page.getByText('newest is release 3').waitFor();
      await expectAccessible(window);
      await shoot(window, 'fleet-application');
      await page.getByRole('button', { name: /lag/ }).click();
      const table = page.getByRole('table', { name: 'Clusters that lag, the oldest release first' });
      await table.getByText('It is not told release 3 yet').locator('visible=true').first().waitFor();
      expect(page.url()).toContain('lags=yes');
      await expectAccessible(window);
      await shoot(window, 'fleet-lags');
      expectQuiet(window);
      await window.close();
    },
    120_000,
  );

  it.each(LOOKS)(
    'tells which commit runs where ($width px, $theme)',
    async (look) => {
      const { window, page } = await open('/fleet?application=shop&view=matrix', look);
      const matrix = page.getByRole('region', { name: 'Which release runs where' });
      await matrix.getByText('Take payments by instalments').waitFor();
      expect(await matrix.getByRole('row').count()).toBe(4);
      await expectAccessible(window);
      await shoot(window, 'fleet-matrix');
      await matrix.getByRole('button', { name: /run release 3 on eu-west-1/ }).click();
      await painted(page);
      expect(page.url()).toContain('release=3');
      expect(page.url()).toContain(encodeURIComponent('region=eu-west-1'));
      expectQuiet(window);
      await window.close();
    },
    120_000,
  );

  it('has a column for each cluster where they are few', async () => {
    const { window, page } = await open('/fleet?application=shop&view=matrix&q=ring%3Dcanary');
    const matrix = page.getByRole('region', { name: 'Which release runs where' });
    await matrix
      .getByRole('button', { name: /^runs release 3 on / })
      .first()
      .waitFor();
    await expectAccessible(window);
    await shoot(window, 'fleet-matrix-canary');
    await matrix
      .getByRole('button', { name: /^runs release 3 on / })
      .first()
      .click();
    await page.waitForURL('**/clusters/**');
    await window.close();
  }, 120_000);

  it.each([{ width: 1440 }, { width: 390 }])(
    'is filtered as kubectl does, and says what to write instead ($width px)',
    async (look) => {
      const { window, page } = await open('/fleet', look);
      await painted(page);
      const all = await marks(page);
      const filter = page.getByRole('searchbox', { name: 'Filter of clusters' });
      await page.keyboard.press('/');
      await page.keyboard.type('state=bro');
      await page.getByRole('alert').filter({ hasText: '"bro" is no state' }).waitFor();
      // Whoever goes on typing is still in the line.
      await page.keyboard.type('ken');
      await page.getByRole('alert').filter({ hasText: '"broken" is no state' }).waitFor();
      await expectAccessible(window);
      await shoot(window, 'fleet-filter-error');
      await filter.fill('regoin=eu-west-1');
      await page.getByText('is it "region"?').waitFor();
      await page.getByText('No cluster is like that').waitFor();
      await expectAccessible(window);
      await shoot(window, 'fleet-filter-nothing');
      await filter.fill('region in (eu-west-1,eu-north-1),env=prod,state!=healthy');
      await count(page, / of 10,000 clusters/);
      await painted(page);
      expect(await marks(page)).not.toBe(all);
      await page.waitForURL(
        `**/fleet?q=${encodeURIComponent('region in (eu-west-1,eu-north-1),env=prod,state!=healthy').replaceAll('%20', '+').replaceAll('(', '%28').replaceAll(')', '%29').replaceAll('!', '%21')}`,
      );
      const url = page.url();
      await filter.fill('');
      await count(page, '10,000 clusters');
      await page.goto(url);
      await count(page, / of 10,000 clusters/);
      expect(await filter.inputValue()).toContain('eu-north-1');
      await window.close();
    },
    120_000,
  );

  it('is filtered by the legend, and by a group’s heading', async () => {
    const { window, page } = await open('/fleet?group=team');
    await painted(page);
    await legend(page, /^failed/).click();
    await count(page, `${fleet.states.failed} of 10,000 clusters`);
    await page.getByRole('button', { name: /^payments / }).click();
    await page.waitForURL(/q=team%3Dpayments/);
    await expectAccessible(window);
    await page.getByRole('button', { name: 'Show all states' }).click();
    await page.getByRole('combobox', { name: 'Group by' }).selectOption('fact.provider');
    await page.getByRole('button', { name: /^hetzner / }).waitFor();
    await window.close();
  }, 120_000);

  it('is walked by keyboard: the cursor is told, and Enter opens the cluster', async () => {
    const { window, page } = await open('/fleet?group=none&q=env%3Dprod');
    await painted(page);
    await page.keyboard.press('Tab');
    await page.locator('[data-grid]').focus();
    await page.keyboard.press('Home');
    const cell = page.getByRole('gridcell');
    const first = await cell.innerText();
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowRight');
    const second = await cell.innerText();
    expect(second).not.toBe(first);
    const name = second.split(',')[0] ?? '';
    const card = page.locator('[data-card]');
    await card.getByText(name, { exact: true }).waitFor();
    // The sentence of the hub, once the cursor rests.
    await card.locator('[aria-live=polite]').filter({ hasText: /\w{3}/ }).waitFor();
    await expectAccessible(window);
    await shoot(window, 'fleet-cursor');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/clusters/${name}`);
    await window.close();
  }, 120_000);

  it('is pointed at with a mouse, and touched with a thumb', async () => {
    const desk = await open('/fleet');
    await painted(desk.page);
    const box = await desk.page.locator('[data-grid]').boundingBox();
    if (!box) throw new Error('there is no grid');
    await desk.page.mouse.move(box.x + 60, box.y + 60);
    const card = desk.page.locator('[data-card]');
    const name = (await card.locator('p').first().locator('span').first().innerText()).trim();
    await desk.page.mouse.click(box.x + 60, box.y + 60);
    await desk.page.waitForURL(`**/clusters/${name}`);
    await desk.window.close();

    const phone = await open('/fleet', { width: 390 });
    await painted(phone.page);
    const grid = await phone.page.locator('[data-grid]').boundingBox();
    if (!grid) throw new Error('there is no grid');
    await phone.page.touchscreen.tap(grid.x + 100, grid.y + 100);
    await phone.page.getByRole('button', { name: 'Open the cluster' }).waitFor();
    await expectAccessible(phone.window);
    await shoot(phone.window, 'fleet-touched');
    await phone.page.getByRole('button', { name: 'Open the cluster' }).click();
    await phone.page.waitForURL('**/clusters/**');
    await phone.window.close();
  }, 120_000);

  it('has the same clusters as a table', async () => {
    const { window, page } = await open('/fleet?view=table&state=offline');
    const table = page.getByRole('table', { name: 'Clusters' });
    await table.getByRole('row').nth(3).waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe(String(fleet.states.offline + 1));
    await expectAccessible(window);
    await shoot(window, 'fleet-table');
    await window.close();
  }, 120_000);
});
