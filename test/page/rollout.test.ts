import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectAccessible, expectQuiet, LOOKS, shoot } from './browser.js';
import { begun, canary, rest, RolloutScene } from './rollout-scene.js';

/** What the pages of rollouts show; what is done there is rollout-acts.test.ts. */
describe('who looks at rollouts', () => {
  let scene: RolloutScene;
  beforeAll(async () => {
    scene = await RolloutScene.open({
      'c-1': { ring: 'canary' },
      ...Object.fromEntries(['r-1', 'r-2', 'r-3', 'r-4', 'r-5', 'r-6'].map((name) => [name, { ring: 'rest' }])),
    });
  }, 120_000);
  beforeEach(() => scene.fleet.allHealthy());
  afterAll(() => scene?.close(), 60_000);

  it('reads that there is none yet', async () => {
    const window = await scene.at('/rollouts');
    await window.page.getByText('Nothing was rolled out yet').waitFor();
    await expectAccessible(window);
    expectQuiet(window);
    await window.close();
  }, 60_000);

  it('reads that there is no such rollout', async () => {
    const window = await scene.at('/rollouts/nothing-7');
    await window.page.getByRole('alert').getByText('nothing-7').first().waitFor();
    await expectAccessible(window);
    await window.close();
  }, 60_000);

  describe('while one runs', () => {
    beforeAll(async () => {
      const { fleet } = scene;
      await fleet.application('web', [
        { ...canary, soak: '1s' },
        { ...rest, maxConcurrency: 3, maxFailures: 1, progressDeadline: '2h' },
      ]);
      await fleet.application('api', [canary, { ...rest, before: [{ approval: { approvers: 2 } }] }]);
      fleet.act(/^r-/, begun);
      await scene.release('web', ({ counts }) => counts.progressing === 3);
      // Two of them pass, two more begin, one waits: whose turn is when is up to the hub.
      const flying = (await fleet.targets('web-2')).filter(({ state }) => state === 'progressing');
      for (const { cluster } of flying.slice(0, 2)) await fleet.pass(cluster, 'web');
      await fleet.when('web', 2, ({ counts }) => counts.passed === 3 && counts.progressing === 3);
      await scene.release('api', ({ waves }) => waves[1]?.phase === 'gateBefore');
    }, 120_000);
    // Else the outer one has the puppets well again.
    beforeEach(() => scene.fleet.act(/^r-/, begun));

    it.each(LOOKS)(
      'finds it first in the list ($width px, $theme)',
      async (look) => {
        const window = await scene.at('/rollouts', look);
        const { page } = window;
        const running = page.getByRole('region', { name: 'Running' });
        await running.getByRole('link').nth(1).waitFor();
        // What waits for a person stands before what goes on by itself.
        expect(await running.getByRole('link').nth(0).getAttribute('href')).toBe('/rollouts/api-2');
        expect(await running.getByRole('link').nth(1).getAttribute('href')).toBe('/rollouts/web-2');
        await expectAccessible(window);
        await shoot(window, 'rollouts');
        expectQuiet(window);
        await window.close();
      },
      60_000,
    );

    it.each(LOOKS)(
      'sees its waves, its budgets and its clusters ($width px, $theme)',
      async (look) => {
        const window = await scene.at('/rollouts/web-2', look);
        const { page } = window;
        const lane = page.getByRole('region', { name: 'Wave rest' });
        await lane.getByRole('application').waitFor();
        await lane.getByText('3 of 3').waitFor();
        await expectAccessible(window);
        await shoot(window, 'rollout');
        expectQuiet(window);
        await window.close();
      },
      60_000,
    );

    it('filters the list, keeps that in the address, and walks it by keys', async () => {
      const window = await scene.at('/rollouts?state=succeeded');
      const { page } = window;
      const ended = page.getByRole('region', { name: 'Ended' });
      await ended.getByRole('link').nth(1).waitFor();
      expect(await page.getByRole('region', { name: 'Running' }).count()).toBe(0);
      await page.getByRole('combobox', { name: 'Application' }).selectOption('api');
      await page.getByText('1 rollout', { exact: true }).waitFor();
      expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ application: 'api', state: 'succeeded' });
      await page.getByRole('combobox', { name: 'State' }).selectOption('cancelled');
      await page.getByText('No rollout is so').waitFor();
      await expectAccessible(window);
      await page.getByRole('combobox', { name: 'State' }).selectOption('');
      await page.locator('[data-rollout="api-2"]').focus();
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'api-1', level: 1 }).waitFor();
      // A newer one takes the commands.
      await page.getByRole('link', { name: 'api-2' }).waitFor();
      expectQuiet(window);
      await window.close();
    }, 60_000);

    it('walks the cells of a wave by keys, is told what they are, and opens one', async () => {
      const window = await scene.at('/rollouts/web-2');
      const { page } = window;
      const lane = page.getByRole('region', { name: 'Wave rest' });
      await lane.getByRole('application').focus();
      await page.keyboard.press('ArrowRight');
      await lane.getByText(/^r-\d: waiting in wave rest/).waitFor();
      await page.keyboard.press('ArrowRight');
      await lane.getByText(/^r-\d: progressing in wave rest/).waitFor();
      await page.keyboard.press('End');
      await lane.getByText(/^r-\d: passed in wave rest/).waitFor();
      await expectAccessible(window);
      await shoot(window, 'rollout-cell');
      const name = (await lane.getByText(/^r-\d: passed/).textContent())?.slice(0, 3) ?? '';
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/clusters/${name}`);
      expectQuiet(window);
      await window.close();
    }, 60_000);

    it('hovers a cell and clicks it', async () => {
      const window = await scene.at('/rollouts/web-2');
      const { page } = window;
      const cells = page.getByRole('region', { name: 'Wave canary' }).getByRole('application');
      const box = await cells.boundingBox();
      if (!box) throw new Error('the lane has no cells');
      // The only one passed: it stands where the third zone begins.
      const heading = await page.getByRole('region', { name: 'Wave canary' }).getByTitle('Passed').boundingBox();
      const position = { x: (heading?.x ?? 0) - box.x + 8, y: 28 };
      await cells.hover({ position });
      await page.locator('[data-tip]').getByText('c-1').waitFor();
      await cells.click({ position });
      await page.waitForURL('**/clusters/c-1');
      await window.close();
    }, 60_000);

    it.each([LOOKS[0], LOOKS[3]])(
      'reads the plan, the clusters and the history ($width px, $theme)',
      async (look) => {
        const window = await scene.at('/rollouts/web-2?tab=plan', look);
        const { page } = window;
        const { planDigest } = await scene.fleet.rollout('web-2');
        await page.getByText(planDigest ?? 'none').waitFor();
        await page.getByRole('region', { name: 'Bundles', exact: true }).getByRole('row').nth(1).waitFor();
        await expectAccessible(window);
        await shoot(window, 'rollout-plan');
        await page.getByRole('tab', { name: 'Waves' }).focus();
        await page.keyboard.press('ArrowRight');
        await page.getByRole('table', { name: 'Clusters of the rollout' }).getByText('c-1').waitFor();
        await page.getByRole('combobox', { name: 'State' }).selectOption('progressing');
        await page.getByText('3 of 7').waitFor();
        await expectAccessible(window);
        await shoot(window, 'rollout-clusters');
        await page.getByRole('tab', { name: 'History' }).click();
        await page
          .getByRole('table', { name: 'History' })
          .getByText(/assigned in wave canary/)
          .waitFor();
        await page.getByRole('button', { name: 'Check by replay' }).click();
        await page.getByText(/\d+ steps give the stored state, byte for byte/).waitFor();
        await expectAccessible(window);
        await shoot(window, 'rollout-history');
        expectQuiet(window);
        await window.close();
      },
      60_000,
    );

    it('goes through the past, is told that it is that, and comes back', async () => {
      const window = await scene.at('/rollouts/web-2');
      const { page } = window;
      const slider = page.getByRole('slider', { name: 'Moment of the history' });
      await slider.focus();
      await page.keyboard.press('Home');
      await page.getByText('This is the past: web-2 as it was').waitFor();
      await page.getByRole('button', { name: 'Back to now' }).waitFor();
      expect(page.url()).toContain('at=2');
      // Nobody had begun.
      const lane = page.getByRole('region', { name: 'Wave rest' });
      await lane.getByText('0 of 6 passed').waitFor();
      await lane.getByText('not its turn yet').waitFor();
      expect(await page.getByRole('button', { name: 'Pause', exact: true }).count()).toBe(0);
      await expectAccessible(window);
      await shoot(window, 'rollout-past');
      await page.keyboard.press('End');
      await page.getByText('This is the past').waitFor({ state: 'detached' });
      await lane.getByText('2 of 6 passed').waitFor();
      expect(page.url()).not.toContain('at=');
      // From a line of the history too.
      await page.getByRole('tab', { name: 'History' }).click();
      await page.getByRole('row').filter({ hasText: 'assigned in wave canary' }).click();
      await page.getByText('This is the past').waitFor();
      await page.getByRole('button', { name: 'Back to now' }).click();
      await page.getByText('This is the past').waitFor({ state: 'detached' });
      expectQuiet(window);
      await window.close();
    }, 60_000);

    it('reads what is wrong with a time that is none', async () => {
      const window = await scene.at('/rollouts/web-2?at=yesterday');
      const { page } = window;
      await page.getByText('must be a time such as').first().waitFor();
      await page.getByRole('button', { name: 'Back to now' }).click();
      await page.getByRole('region', { name: 'Wave rest' }).waitFor();
      await window.close();
    }, 60_000);

    it('is told of a frozen fleet, and sees clusters move by themselves', async () => {
      const window = await scene.at('/rollouts/web-2');
      const { page } = window;
      const lane = page.getByRole('region', { name: 'Wave rest' });
      await lane.getByText('2 of 6 passed').waitFor();
      await scene.fleet.call('freeze', { reason: 'the great sale' });
      await page.getByText('the great sale').first().waitFor();
      await expectAccessible(window);
      await shoot(window, 'rollout-frozen');
      await scene.fleet.call('unfreeze', {});
      await page.getByText('the great sale').first().waitFor({ state: 'detached' });
      const waiting = (await scene.fleet.targets('web-2')).filter(({ state }) => state === 'progressing');
      for (const { cluster } of waiting) await scene.fleet.pass(cluster, 'web');
      await lane.getByText('5 of 6 passed').waitFor();
      expectQuiet(window);
      await window.close();
    }, 60_000);
  });
});
