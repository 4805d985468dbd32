import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateTokenAnswer } from '#contract';
import type { TestHub } from '../helpers/test-hub.js';
import { expectAccessible, expectQuiet, LOOKS, shoot, startPageHub, TestChromium } from './browser.js';

describe('who opens the page', () => {
  let hub: TestHub;
  let chromium: TestChromium;
  beforeAll(async () => {
    [hub, chromium] = await Promise.all([startPageHub(), TestChromium.start()]);
  }, 120_000);
  afterAll(async () => {
    await chromium?.close();
    await hub?.stop();
  }, 60_000);

  it.each(LOOKS)(
    'is told how to get in, and sees nothing before ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const { page } = window;
      await page.goto(`${hub.hub.url}/fleet?q=env%3Dprod`);
      await page.getByRole('heading', { name: 'Sign in to Flotilla' }).waitFor();
      expect(await page.getByRole('link').count()).toBe(0);
      expect(await page.getByText('flotilla open').count()).toBe(1);
      await page.getByText('This hub has no identity provider').waitFor();
      await expectAccessible(window);
      await shoot(window, 'sign-in');
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it('comes in by a link that works once, keeps the address, and goes out again', async () => {
    const window = await chromium.open();
    const page = await window.visit(hub.api, '/fleet?q=env%3Dprod');
    await page.getByRole('link', { name: 'Rollouts' }).waitFor();
    expect(page.url()).toContain('/fleet?q=env%3Dprod');
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.getByText('admin', { exact: false }).first().click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Flotilla' }).waitFor();
    expectQuiet(window);
    await window.close();
  }, 60_000);

  it('is out as soon as the token ends that the link came of', async () => {
    const { token, view } = await hub.api.post<CreateTokenAnswer>('/api/v1/tokens', { name: 'short', role: 'viewer' });
    const window = await chromium.open();
    const mine = hub.api.as(token);
    const page = await window.visit(mine, '/fleet');
    await page.getByRole('link', { name: 'Rollouts' }).waitFor();
    await hub.api.delete(`/api/v1/tokens/${view.name}`);
    await page.getByRole('link', { name: 'Rollouts' }).click();
    await page.getByRole('heading', { name: 'Sign in to Flotilla' }).waitFor();
    mine.close();
    await window.close();
  }, 60_000);

  it('walks it by keyboard: places, help, palette', async () => {
    const window = await chromium.open();
    const page = await window.visit(hub.api, '/fleet');
    await page.getByRole('link', { name: 'Rollouts' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL('**/applications');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await expectAccessible(window);
    await shoot(window, 'keys');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Go to, or do' }).waitFor();
    await page.keyboard.type('strat');
    await expectAccessible(window);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/strategies');
    expectQuiet(window);
    await window.close();
  }, 60_000);

  it('reads what is missing in words', async () => {
    const window = await chromium.open();
    const page = await window.visit(hub.api, '/clusters/nowhere');
    await page.getByRole('alert').first().waitFor();
    await expectAccessible(window);
    await window.close();
  }, 60_000);
});
