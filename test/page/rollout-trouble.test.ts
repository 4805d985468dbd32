import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { configMap } from '../helpers/test-repository.js';
import { eventually } from '../helpers/test-hub.js';
import { expectAccessible, expectQuiet, LOOKS, shoot } from './browser.js';
import { act, badImage, canary, carryOut, more, rest, RolloutScene } from './rollout-scene.js';

/** What goes wrong, as the page of a rollout tells it, and the ways out. */
describe('a rollout in trouble', () => {
  let scene: RolloutScene;

  beforeAll(async () => {
    scene = await RolloutScene.open({
      'c-1': { ring: 'canary' },
      'r-1': { ring: 'rest' },
      'r-2': { ring: 'rest' },
      'r-3': { ring: 'rest' },
    });
  }, 120_000);
  beforeEach(() => scene.fleet.allHealthy());
  afterAll(() => scene?.close(), 60_000);

  describe('with a bad image', () => {
    beforeAll(async () => {
      const { fleet } = scene;
      await fleet.application('bad', [canary, rest]);
      fleet.act(/^c-/, badImage);
      await scene.release('bad', ({ paused }) => paused);
    }, 60_000);

    it.each(LOOKS)(
      'halts, and says why, what it may and what can be done ($width px, $theme)',
      async (look) => {
        const window = await scene.at('/rollouts/bad-2', look);
        const { page } = window;
        await page
          .getByText(/Rollout bad-2 of release 2 is paused: .*failed/)
          .first()
          .waitFor();
        await page.getByText('Evidence and what you can do').click();
        await page.getByText(/Cluster c-1 failed .*ImagePullBackOff/).waitFor();
        await page.getByRole('region', { name: 'Wave canary' }).getByText('1 of 0').waitFor();
        await expectAccessible(window);
        await shoot(window, 'rollout-bad-image');
        expectQuiet(window);
        await window.close();
      },
      60_000,
    );

    it('is not resumed as it is; what failed is tried again, or accepted by name', async () => {
      scene.fleet.act(/^c-/, badImage);
      const window = await scene.at('/rollouts/bad-2');
      const { page } = window;
      await act(page, 'Resume').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('over-budget').waitFor();
      await expectAccessible(window);
      await shoot(window, 'rollout-refused');
      expect(await dialog.getByRole('button', { name: 'Resume', exact: true }).isDisabled()).toBe(true);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });

      await act(page, 'Retry').click();
      await carryOut(page, 'Retry', 'the registry is back');
      // It is not: the same image, the same end.
      await eventually(
        'a second failure',
        () => scene.fleet.rollout('bad-2'),
        ({ counts, paused }) => paused && counts.failed === 1,
      );
      await act(page, 'Resume').click();
      await page.getByRole('checkbox', { name: /^Accept what failed/ }).check();
      await page.getByText('Now: 1 failed.').waitFor();
      await dialog.getByText('c-1 is accepted as failed').waitFor();
      await carryOut(page, 'Resume', 'the canary is to be thrown away');
      // Nobody of the wave passed, so nothing is known of the release: the wave has to be given up.
      await eventually(
        'the want of evidence',
        () => scene.fleet.rollout('bad-2'),
        ({ holds }) => holds.some(({ code }) => code === 'noEvidence'),
      );
      await act(page, 'Resume').waitFor({ state: 'detached' });
      await more(page, 'Skip a wave');
      await carryOut(page, 'Skip a wave', 'the rest is known to be well');
      await eventually(
        'the rest',
        () => scene.fleet.rollout('bad-2'),
        ({ state }) => state === 'succeededWithExceptions',
      );
      expectQuiet(window);
      await window.close();
    }, 60_000);
  });

  it('asks before it deletes much, and lists what', async () => {
    const { fleet } = scene;
    await fleet.application('dropping', [canary, rest]);
    const names = [1, 2, 3, 4, 5, 6];
    await fleet.release(
      'dropping',
      Object.fromEntries(names.map((each) => [`${each}.yaml`, configMap(`settings-${each}`, 'x')])),
    );
    await fleet.ended('dropping', 30_000);
    const gone = Object.fromEntries(names.slice(0, 5).map((each) => [`${each}.yaml`, null]));
    const release = await fleet.release('dropping', gone);
    const { id } = await fleet.when('dropping', release, ({ paused }) => paused);
    const window = await scene.at(`/rollouts/${id}?tab=plan`);
    const { page } = window;
    const drops = page.getByRole('region', { name: 'Deletes more than may go unasked' });
    await drops.getByText(/ConfigMap.*settings-1/).waitFor();
    await expectAccessible(window);
    await shoot(window, 'rollout-deletions');
    await act(page, 'Resume').click();
    await page.getByRole('checkbox', { name: /^Accept what failed/ }).check();
    await page.getByText('Now: 5 objects of its bundles deleted.').waitFor();
    await carryOut(page, 'Resume', 'they are not used');
    await eventually(
      id,
      () => fleet.rollout(id),
      ({ deletionsAccepted }) => deletionsAccepted === true,
    );
    expectQuiet(window);
    await window.close();
  }, 90_000);

  it('puts off a cluster that is offline, and says which and why', async () => {
    const { fleet } = scene;
    await fleet.application('away', [canary, rest]);
    await fleet.puppets.get('r-3')?.close();
    await eventually(
      'r-3 offline',
      () => fleet.api.get<{ status: string }>('/api/v1/clusters/r-3'),
      ({ status }) => status === 'offline',
      30_000,
    );
    await scene.release('away', ({ counts }) => counts.deferred === 1);
    const window = await scene.at('/rollouts/away-2?tab=clusters&state=deferred', { width: 390 });
    const { page } = window;
    await page.getByText('1 of 4').waitFor();
    await page.getByRole('row').filter({ hasText: 'r-3' }).tap();
    await page.getByRole('dialog', { name: 'r-3' }).getByText('it is offline').waitFor();
    await expectAccessible(window);
    await shoot(window, 'rollout-offline');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('tab', { name: 'Waves' }).tap();
    const lane = page.getByRole('region', { name: 'Wave rest' });
    await lane.getByText('Failed, put off, skipped 1').waitFor();
    await expectAccessible(window);
    await window.close();
  }, 90_000);
});
