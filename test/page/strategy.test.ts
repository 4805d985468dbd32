import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { AuditView } from '#contract';
import { CommandFleet } from '../helpers/command-fleet.js';
import { expectAccessible, expectQuiet, LOOKS, shoot, startPageHub, TestChromium } from './browser.js';

const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });
const editor = (page: Page) => page.getByRole('textbox', { name: 'Strategy, as YAML or JSON' });

const CAREFUL = `apiVersion: flotilla.dev/v1
kind: Strategy
metadata:
  name: careful
spec:
  onFailure: rollback
  waves:
    - name: canary
      take: 1
      soak: 5m
      before:
        - approval: { approvers: 2 }
    - name: rest
      maxConcurrency: 50%
      healthyFor: 1m
`;

describe('strategies on the page', () => {
  let fleet: CommandFleet;
  let chromium: TestChromium;
  beforeAll(async () => {
    [fleet, chromium] = await Promise.all([
      CommandFleet.start(
        Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`eu-${index}`, { env: 'prod' }])),
        startPageHub,
      ),
      TestChromium.start(),
    ]);
    await fleet.application('web', [{ name: 'all' }]);
    // One that is taken back before its first cluster, so that there is something to plan.
    await fleet.strategy('web', [{ name: 'few', take: 2, before: [{ approval: {} }] }, { name: 'rest' }]);
    const release = await fleet.release('web');
    await fleet.when('web', release, ({ state }) => state === 'running');
    await fleet.command('web-2', 'cancel', { reason: 'planned first' });
    await fleet.ended('web');
  }, 120_000);
  afterAll(async () => {
    await chromium?.close();
    await fleet?.close();
  }, 60_000);

  it.each(LOOKS)(
    'lists them with their waves and who uses them ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(fleet.api, '/strategies');
      const row = page.getByRole('row').filter({ hasText: 'few 2' });
      await row.getByRole('link', { name: 'web' }).first().waitFor();
      await page.getByRole('link', { name: 'default' }).waitFor();
      await expectAccessible(window);
      await shoot(window, 'strategies');
      await row.getByRole('link', { name: 'web' }).first().click();
      await page.waitForURL('**/strategies/web');
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it.each(LOOKS)(
    'plans and rehearses one that nobody has saved ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(fleet.api, '/strategies/web?application=web');
      await editor(page).fill(CAREFUL.replace('name: careful', 'name: web'));
      await page.getByText('The hub would take it').waitFor();
      await page.getByText('not saved', { exact: true }).waitFor();
      // The plan over the fleet: one cluster first, five then.
      await page.getByText('Planned over the fleet as it is now').waitFor();
      await page.getByRole('list', { name: 'Waves', exact: true }).getByText('5 clusters').first().waitFor();
      await page.getByRole('list', { name: 'Waves', exact: true }).getByText('approval by 2').waitFor();
      await expectAccessible(window);
      await shoot(window, 'strategy-plan');
      await page.getByRole('tab', { name: 'Rehearsal' }).click();
      expect(page.url()).toContain('tab=rehearsal');
      await page.getByLabel('Fail, %').fill('101');
      await button(page, 'Rehearse').click();
      await page.getByText('Must be 0 to 100').waitFor();
      await page.getByLabel('Fail, %').fill('15');
      await page.getByLabel('Ready after').fill('2m');
      await page.getByLabel('Runs').fill('100');
      await button(page, 'Rehearse').click();
      await page.getByText(/of 100 runs over 6 clusters succeed/).waitFor();
      await page
        .getByRole('img', { name: /Distribution of how long 100 runs took/ })
        .first()
        .waitFor();
      // Bars are painted, beside those of the strategy as it is saved.
      expect(await page.locator('.uplot canvas').count()).toBe(2);
      await page.getByRole('region', { name: 'What halts it' }).last().waitFor();
      await page.getByText('The plot as a table').click();
      await page.getByRole('columnheader', { name: 'How they ended' }).waitFor();
      await expectAccessible(window);
      await page.getByRole('status').filter({ hasText: 'of 100 runs' }).scrollIntoViewIfNeeded();
      await page.evaluate(`document.querySelector('.uplot').scrollIntoView({ block: 'center' })`);
      await shoot(window, 'strategy-rehearsal');
      expectQuiet(window);
      await window.close();
    },
    90_000,
  );

  it.each(LOOKS)(
    'says what is wrong with a text, where, and how to mend it ($width px, $theme)',
    async (look) => {
      const window = await chromium.open(look);
      const page = await window.visit(fleet.api, '/strategies/+new');
      await page.getByRole('heading', { name: 'New strategy' }).waitFor();
      await editor(page).fill(CAREFUL.replace('soak: 5m', 'sook: 5m').replace('50%', '500%'));
      await page.getByText('2 things to mend').waitFor();
      const wrong = button(page, /Line 10 spec\.waves\[0\]\.sook unknown field: is soak meant\?/);
      await wrong.waitFor();
      await button(page, /Line 14 spec\.waves\[1\]\.maxConcurrency must be a whole number, or a percentage/).waitFor();
      expect(await button(page, 'Save …').isDisabled()).toBe(true);
      await expectAccessible(window);
      await shoot(window, 'strategy-wrong');
      // It leads to the line, and the field's help is told there.
      await wrong.click();
      expect(
        await page.evaluate<number>(
          `document.activeElement.value.slice(0, document.activeElement.selectionStart).split('\\n').length`,
        ),
      ).toBe(10);
      await editor(page).fill(CAREFUL.replace('take: 1', 'take: [1'));
      await page.getByText('One thing to mend').waitFor();
      // No schema tells this rule: the hub does, at the field.
      await editor(page).fill(`${CAREFUL}      progressDeadline: 30s\n`);
      await button(page, /Line 16 spec\.waves\[1\]\.progressDeadline must be longer than healthyFor/).waitFor();
      await editor(page).fill('');
      await page.getByText('is empty').waitFor();
      await editor(page).fill(JSON.stringify({ apiVersion: 'flotilla.dev/v1', kind: 'Strategy' }));
      await page.getByText('2 things to mend').waitFor();
      expectQuiet(window);
      await window.close();
    },
    60_000,
  );

  it('saves a new one by what the hub says it changes, changes it, and deletes it', async () => {
    const window = await chromium.open();
    const page = await window.visit(fleet.api, '/strategies');
    await page.getByRole('link', { name: 'New strategy' }).click();
    await editor(page).fill(CAREFUL);
    await button(page, 'Save …').click();
    const dialog = page.getByRole('dialog', { name: 'Save strategy careful' });
    await dialog.getByText('It is new.').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Reason').fill('two people for the canary');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/strategies/careful');
    await page.getByText('as it is saved').waitFor();
    // Changed: only what changes is shown.
    await editor(page).fill((await editor(page).inputValue()).replace('soak: 5m', 'soak: 15m'));
    await button(page, 'Save …').click();
    await dialog.getByText('It changes so:').waitFor();
    await dialog.getByText(/soak: 15m/).waitFor();
    await expectAccessible(window);
    await shoot(window, 'strategy-save');
    await dialog.getByLabel('Reason').fill('longer');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const stored = await fleet.api.get<{ spec: { waves: { soak?: string }[] } }>('/api/v1/strategies/careful');
    expect(stored.spec.waves[0]?.soak).toBe('15m');
    const audit = await fleet.api.get<{ items: AuditView[] }>('/api/v1/audit?object=Strategy/careful');
    expect(audit.items.map(({ reason }) => reason)).toEqual(['longer', 'two people for the canary']);
    await page.getByText('as it is saved').waitFor();
    await button(page, 'Delete …').click();
    await page.getByRole('dialog').getByText('No application uses it').waitFor();
    await expectAccessible(window);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL(/\/strategies$/);
    await expect(fleet.api.get('/api/v1/strategies/careful')).rejects.toThrow(/404/);
    expectQuiet(window);
    await window.close();
  }, 90_000);

  it('keeps what is typed: it asks before it is lost, and when somebody else saves', async () => {
    const window = await chromium.open();
    const page = await window.visit(fleet.api, '/strategies/web');
    await editor(page).click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('# mine');
    await page.getByRole('link', { name: 'Fleet' }).click();
    await page.getByRole('dialog', { name: 'Leave what you wrote?' }).waitFor();
    await expectAccessible(window);
    await button(page, 'Stay').click();
    expect(page.url()).toContain('/strategies/web');
    await fleet.strategy('web', [{ name: 'everybody' }]);
    await page.evaluate(`window.dispatchEvent(new Event('visibilitychange'))`);
    await page.getByText('Somebody saved another version').waitFor({ timeout: 45_000 });
    expect(await editor(page).inputValue()).toContain('# mine');
    await button(page, 'Take theirs').click();
    expect(await editor(page).inputValue()).toContain('everybody');
    // One that is used is not deleted.
    await button(page, 'Delete …').click();
    await page.getByRole('dialog').getByText('point them elsewhere first').waitFor();
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
    expectQuiet(window);
    await window.close();
  }, 90_000);

  it('lets a viewer try, and says who may save', async () => {
    const window = await chromium.open();
    const page = await window.visit(await fleet.as('viewer'), '/strategies/web?application=web');
    await page.getByText('You may try a strategy here').waitFor();
    await editor(page).fill(CAREFUL);
    await page.getByText('Planned over the fleet as it is now').waitFor();
    expect(await button(page, 'Save …').isDisabled()).toBe(true);
    await page.getByRole('tab', { name: 'Rehearsal' }).click();
    await button(page, 'Rehearse').click();
    await page
      .getByRole('alert')
      .getByText(/operator/)
      .first()
      .waitFor();
    await expectAccessible(window);
    await page.goto(new URL('/strategies/nothing', page.url()).href);
    await page
      .getByRole('alert')
      .getByText(/There is no such thing/)
      .waitFor();
    expectQuiet(window);
    await window.close();
  }, 60_000);
});
