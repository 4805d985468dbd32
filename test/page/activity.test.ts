import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { CommandFleet } from '../helpers/command-fleet.js';
import { eventually } from '../helpers/test-hub.js';
import { expectAccessible, expectQuiet, LOOKS, shoot, startPageHub, TestChromium } from './browser.js';

const entries = (page: Page) => page.getByRole('article');
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

/** On a phone the filter is folded away. */
async function openFilter(page: Page, width: number): Promise<void> {
  if (width < 600) await button(page, /^Filter/).click();
}

describe('the activity on the page', () => {
  let fleet: CommandFleet;
  let chromium: TestChromium;
  beforeAll(async () => {
    [fleet, chromium] = await Promise.all([
      CommandFleet.start({ 'eu-1': { env: 'prod' }, 'us-1': { env: 'dev' } }, startPageHub),
      TestChromium.start(),
    ]);
    await fleet.application('web', [{ name: 'all' }]);
    await fleet.application('shop', [{ name: 'all' }]);
    await fleet.api.post('/api/v1/clusters/eu-1/hold', { reason: 'its disks are changed' });
    // More than one page of the audit.
    for (let index = 0; index < 120; index += 1)
      await fleet.api.patch('/api/v1/clusters/us-1', { labels: { env: 'dev', turn: `t${index}` } });
  }, 120_000);
  afterAll(async () => {
    await chromium?.close();
    await fleet?.close();
  }, 60_000);

  it.each(LOOKS)(
    'tells what happened, filtered by the address ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(fleet.api, '/activity');
      await entries(page).first().waitFor();
      await expectAccessible(window);
      await shoot(window, 'activity-events');
      await openFilter(page, look.width);
      await page.getByLabel('Application', { exact: true }).fill('shop');
      await page.waitForURL(/application=shop/);
      await page.getByText('That is all.').waitFor();
      const texts = await entries(page).allTextContents();
      expect(texts.length).toBeGreaterThan(0);
      expect(texts.every((text) => text.includes('shop'))).toBe(true);
      // The same link shows a colleague the same.
      await page.goto(new URL('/activity?rollout=web-1', page.url()).href);
      await page.getByText('That is all.').waitFor();
      expect((await entries(page).allTextContents()).every((text) => text.includes('web-1'))).toBe(true);
      await page.goto(new URL('/activity?rollout=nothing-1', page.url()).href);
      await page.getByText('Nothing matches the filter').waitFor();
      await expectAccessible(window);
      await button(page, 'Clear the filter').click();
      await entries(page).first().waitFor();
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it.each(LOOKS)(
    'tells who did what and why, and what was before and after ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(fleet.api, '/activity');
      await page.getByRole('tab', { name: 'Who did what' }).click();
      await page.waitForURL(/kind=audit/);
      await openFilter(page, look.width);
      await page.getByLabel('Act', { exact: true }).fill('cluster.hold');
      await page.getByText('its disks are changed').waitFor();
      await page.getByText('That is all.').waitFor();
      expect(await entries(page).count()).toBe(1);
      await page.getByRole('link', { name: 'eu-1' }).waitFor();
      await page.getByLabel('Act', { exact: true }).fill('');
      await page.getByLabel('Object', { exact: true }).fill('Strategy/web');
      // What was there before the filter goes first, and would take an opened entry along.
      await page.waitForURL(/object=Strategy%2Fweb/);
      await entries(page).filter({ hasText: 'Strategy/web' }).first().waitFor();
      await entries(page).filter({ hasNotText: 'Strategy/web' }).first().waitFor({ state: 'detached' });
      await button(page, /What changed of entry/)
        .first()
        .click();
      await page.getByRole('group', { name: /What changed: \d+ lines? added/ }).waitFor();
      await page.getByText('apiVersion: flotilla.dev/v1').first().waitFor();
      await expectAccessible(window);
      await shoot(window, 'activity-audit');
      await page.getByRole('link', { name: 'token:first-admin' }).first().click();
      await page.waitForURL(/actor=token/);
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it('reads further pages as one scrolls, and walks them by keyboard', async () => {
    const window = await chromium.open();
    const page = await window.visit(fleet.api, '/activity?kind=audit&object=Cluster/us-1');
    await entries(page).first().waitFor();
    const last = async (): Promise<number> => Number(await entries(page).last().getAttribute('aria-posinset'));
    for (let turn = 0; turn < 120 && (await last()) <= 120; turn += 1) {
      await page.mouse.wheel(0, 3000);
      await page.waitForTimeout(50);
    }
    await page.getByText('That is all.').waitFor();
    expect(await last()).toBeGreaterThan(120);
    // Of all these only what is seen is in the document.
    expect(await entries(page).count()).toBeLessThan(60);
    await page.evaluate('window.scrollTo(0, 0)');
    await page.locator('[aria-posinset="1"]').focus();
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    await page.locator('[aria-posinset="3"]:focus').waitFor();
    await page.keyboard.press('k');
    await page.locator('[aria-posinset="2"]:focus').waitFor();
    expectQuiet(window);
    await window.close();
  }, 60_000);

  it('puts what is new on top by itself, and waits with it while somebody reads further down', async () => {
    const window = await chromium.open();
    const page = await window.visit(fleet.api, '/activity?kind=audit');
    await entries(page).first().waitFor();
    await fleet.api.post('/api/v1/clusters/us-1/hold', { reason: 'seen from the top' });
    await page.getByText('seen from the top').waitFor();
    await page.mouse.wheel(0, 1500);
    await eventually(
      'scrolled',
      () => page.evaluate<number>('window.scrollY'),
      (y) => y > 500,
    );
    const before = await page.evaluate('window.scrollY');
    await fleet.api.post('/api/v1/clusters/us-1/unhold', { reason: 'while somebody reads' });
    await fleet.api.post('/api/v1/clusters/us-1/hold', { reason: 'once more' });
    await button(page, '2 new').waitFor();
    expect(await page.evaluate('window.scrollY')).toBe(before);
    expect(await page.getByText('while somebody reads').count()).toBe(0);
    await expectAccessible(window);
    await shoot(window, 'activity-new');
    await button(page, '2 new').click();
    await page.getByText('while somebody reads').waitFor();
    expect(await page.evaluate('window.scrollY')).toBe(0);
    expectQuiet(window);
    await window.close();
  }, 60_000);

  it.each(LOOKS)(
    'denies the audit to who is no admin, and shows them the events ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(await fleet.as('viewer'), '/activity?kind=audit');
      await page.getByText('You may not see the audit').waitFor();
      await expectAccessible(window);
      await shoot(window, 'activity-denied');
      await button(page, 'See what happened where you may look').click();
      await entries(page).first().waitFor();
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it('says what is wrong with a time that is none', async () => {
    const window = await chromium.open();
    const page = await window.visit(fleet.api, '/activity?since=yesterday');
    await page
      .getByRole('alert')
      .getByText(/must be a time/)
      .waitFor();
    await page.goto(new URL('/activity?kind=audit&until=2020-01-01T00:00:00Z', page.url()).href);
    await page.getByText('Nothing matches the filter').waitFor();
    expect(await page.getByLabel('Until').inputValue()).toBe('2020-01-01T00:00');
    await window.close();
  }, 60_000);
});
