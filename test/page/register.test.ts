import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { CreateTokenAnswer } from '#contract';
import { CommandFleet } from '../helpers/command-fleet.js';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { expectAccessible, expectQuiet, LOOKS, shoot, startPageHub, TestChromium } from './browser.js';

/** The token in the line that is shown. */
async function shownToken(page: Page): Promise<string> {
  const line = await page.locator('code', { hasText: '/api/v1/install/' }).textContent();
  const token = /\/install\/(fj_[\w-]+)/.exec(line ?? '')?.[1];
  if (token === undefined) throw new Error(`no token in ${line ?? 'nothing'}`);
  return token;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

describe('registering a cluster on the page', () => {
  let fleet: CommandFleet;
  let chromium: TestChromium;
  beforeAll(async () => {
    [fleet, chromium] = await Promise.all([
      CommandFleet.start({ 'eu-1': { env: 'prod', region: 'eu' } }, startPageHub),
      TestChromium.start(),
    ]);
    await fleet.application('web', [{ name: 'all' }]);
  }, 120_000);
  afterAll(async () => {
    await chromium?.close();
    await fleet?.close();
  }, 60_000);

  it.each(LOOKS)(
    'shows the form, and each bad input at its field ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(fleet.api, '/register');
      await button(page, 'Register').click();
      await page.getByText('Give it a name').waitFor();
      await page.getByLabel('Name', { exact: true }).fill('Bad Name');
      await page.getByLabel('Key of label 1').fill('env');
      await page.getByLabel('Value of label 1').fill('not/this');
      await page.getByLabel('Namespaces').fill('shop, UPPER');
      await page.getByLabel('The line works for').fill('soon');
      await button(page, 'Register').click();
      await page.getByText('A value has letters').waitFor();
      await page.getByLabel('Value of label 1').fill('prod');
      await button(page, 'Register').click();
      await page.getByText(/^Must be lower-case letters, digits, dashes and dots/).waitFor();
      await page.getByText(/^Number 2 must be lower-case/).waitFor();
      await page.getByText(/^Must be a duration/).waitFor();
      await expectAccessible(window);
      await shoot(window, 'register-errors');
      // A length of time that is one, and too short: only the hub knows.
      await page.getByLabel('Name', { exact: true }).fill('eu-1');
      await page.getByLabel('Namespaces').fill('');
      await page.getByLabel('The line works for').fill('5s');
      await button(page, 'Register').click();
      await page.getByText('Must be between 1m and 7d').waitFor();
      await page.getByLabel('The line works for').fill('1h');
      await button(page, 'Register').click();
      await page.getByText('A cluster named eu-1 is registered already').waitFor();
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it('ends in a line to run, waits, and shows the cluster as it joins and its applications arrive', async () => {
    const window = await chromium.open();
    const page = await window.visit(fleet.api, '/register');
    await page.getByLabel('Name', { exact: true }).fill('eu-2');
    await page.getByLabel('Key of label 1').fill('env');
    await page.getByLabel('Value of label 1').fill('prod');
    // What the fleet's clusters have is suggested.
    await page.locator('datalist option[value="region"]').first().waitFor({ state: 'attached' });
    await button(page, 'Add a label').click();
    await page.getByLabel('Key of label 2').fill('region');
    await page.getByLabel('Value of label 2').fill('eu');
    await button(page, 'Register').click();
    await page.getByText('Waiting for the cluster to join.').waitFor();
    await page.locator('[data-left]', { hasText: /^(1h|59m|58m)/ }).waitFor();
    await expectAccessible(window);
    const token = await shownToken(page);
    await button(page, 'Copy').click();
    await button(page, 'Copied').waitFor();
    // The token is nowhere but on the page.
    expect(page.url()).not.toContain(token);
    expect(
      await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state])'),
    ).not.toContain(token);
    const puppet = await PuppetAgent.joinBy(fleet.api, 'eu-2', token);
    fleet.puppets.set('eu-2', puppet);
    await page.getByText(/It is ready/).waitFor();
    await page.getByRole('list', { name: 'Its applications' }).getByText('web').waitFor();
    await page.getByText('all its applications are healthy').waitFor();
    expect(await page.locator('code', { hasText: token }).count()).toBe(0);
    await expectAccessible(window);
    await shoot(window, 'register-joined');
    await button(page, 'Register another').click();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('');
    expect(await page.getByLabel('Value of label 2').inputValue()).toBe('eu');
    expectQuiet(window);
    await window.close();
  }, 60_000);

  it.each(LOOKS)(
    'counts down, says that the line has ended, and makes another ($width px, $theme)',
    async (look) => {
      const name = `late-${look.width}-${look.theme}`;
      const window = await chromium.open(look);
      const page = await window.visit(fleet.api, '/register');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('Namespaces').fill('shop pay');
      await button(page, 'Register').click();
      await page.getByText('Waiting for the cluster to join.').waitFor();
      await expectAccessible(window);
      await shoot(window, 'register-waiting');
      const first = await shownToken(page);
      // An hour passes for the browser alone.
      await page.evaluate('(() => { const now = Date.now.bind(Date); Date.now = () => now() + 3 * 3600e3; })()');
      await page.getByText('The line has ended').waitFor();
      await expectAccessible(window);
      await page.evaluate('(() => { const now = Date.now.bind(Date); Date.now = () => now() - 3 * 3600e3; })()');
      await button(page, 'Make another line').click();
      await page.locator('[data-left]').waitFor();
      await page.locator('code', { hasText: first }).waitFor({ state: 'detached' });
      // The namespaces are kept, and the first line works no more.
      await page.getByText('rights end at pay, shop').waitFor();
      expect(await shownToken(page)).not.toBe(first);
      await expect(PuppetAgent.joinBy(fleet.api, name, first)).rejects.toThrow(/token/i);
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it('lists those that were registered and never joined, and makes a line for one of them', async () => {
    await fleet.api.post('/api/v1/clusters', { name: 'forgotten', labels: {} });
    const window = await chromium.open();
    const page = await window.visit(fleet.api, '/register');
    await button(page, 'Another line … for forgotten').click();
    await page
      .getByRole('listitem')
      .filter({ hasText: 'forgotten' })
      .getByRole('button', { name: 'Make another line' })
      .click();
    await page.getByRole('heading', { name: 'forgotten' }).waitFor();
    await shownToken(page);
    expectQuiet(window);
    await window.close();
  }, 60_000);

  it.each(LOOKS)(
    'says to whom it is denied who may ($width px, $theme)',
    async (look) => {
      const { token } = await fleet.api.post<CreateTokenAnswer>('/api/v1/tokens', {
        ...{ name: `operator-${look.width}-${look.theme}`, role: 'operator' },
      });
      const mine = fleet.api.as(token);
      const window = await chromium.open(look);
      const page = await window.visit(mine, '/register');
      await page.getByText('Only an admin registers clusters').waitFor();
      expect(await page.getByRole('textbox').count()).toBe(0);
      await expectAccessible(window);
      await shoot(window, 'register-denied');
      expectQuiet(window);
      mine.close();
      await window.close();
    },
    60_000,
  );
});
