import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditView, RolloutView } from '#contract';
import { eventually } from '../helpers/test-hub.js';
import type { TestApi } from '../helpers/test-api.js';
import { expectAccessible, expectQuiet, shoot, type TestWindow } from './browser.js';
import { act, begun, canary, carryOut, more, rest, RolloutScene } from './rollout-scene.js';

/** Every act of a rollout's page, by mouse or keys, and what the hub made of it. */
describe('who steers a rollout on its page', () => {
  let scene: RolloutScene;
  let window: TestWindow;
  let approver: TestApi;

  beforeAll(async () => {
    scene = await RolloutScene.open({
      'c-1': { ring: 'canary' },
      'r-1': { ring: 'rest' },
      'r-2': { ring: 'rest' },
      'r-3': { ring: 'rest' },
    });
    approver = await scene.fleet.as('approver', 'ann@flotilla.example');
    window = await scene.at('/rollouts');
  }, 120_000);
  beforeEach(() => scene.fleet.allHealthy());
  afterAll(() => scene?.close(), 60_000);

  const go = async (id: string): Promise<void> => {
    await window.page.goto(new URL(`/rollouts/${id}`, window.page.url()).href);
    await window.page.getByRole('heading', { name: id, level: 1 }).waitFor();
  };
  const until = (id: string, is: (rollout: RolloutView) => boolean): Promise<RolloutView> =>
    eventually(id, () => scene.fleet.rollout(id), is);
  /** An application whose clusters of the second wave have begun and say no more. */
  const running = async (name: string, waves: readonly object[] = [canary, rest]): Promise<string> => {
    await scene.fleet.application(name, waves);
    scene.fleet.act(/^r-/, begun);
    const { id } = await scene.release(name, ({ counts }) => counts.progressing > 0);
    await go(id);
    return id;
  };

  it('pauses it by mouse, with a reason, and resumes it by keys', async () => {
    const id = await running('paused');
    const { page } = window;
    await act(page, 'Pause').click();
    const dialog = page.getByRole('dialog', { name: `Pause ${id}` });
    await dialog.getByText('What it will do:').waitFor();
    await dialog.getByText(`rollout ${id} paused`).waitFor();
    // It was asked what it would do, and nothing was done.
    expect(await scene.fleet.rollout(id)).toMatchObject({ paused: false });
    await expectAccessible(window);
    await shoot(window, 'rollout-pause');
    await carryOut(page, 'Pause', 'looks slow');
    await page.getByText('paused', { exact: true }).first().waitFor();
    expect((await scene.fleet.rollout(id)).holds[0]).toMatchObject({
      code: 'user',
      message: expect.stringContaining('looks slow'),
    });

    await act(page, 'Resume').focus();
    await page.keyboard.press('Enter');
    await page
      .getByRole('dialog', { name: `Resume ${id}` })
      .getByText('What it will do:')
      .waitFor();
    await page.getByRole('textbox', { name: 'Reason' }).focus();
    await page.keyboard.type('fast enough');
    await page.keyboard.press('Enter');
    await until(id, ({ paused }) => !paused);
    const { items } = await scene.fleet.api.get<{ items: AuditView[] }>('/api/v1/audit?limit=50');
    const said = items
      .filter(({ object }) => object === `Rollout/${id}`)
      .map(({ act: done, reason }) => [done, reason]);
    expect(said).toEqual([
      ['rollout.resume', 'fast enough'],
      ['rollout.pause', 'looks slow'],
    ]);
  }, 60_000);

  it('pauses it hard from the palette', async () => {
    const id = await running('hard');
    const { page } = window;
    await page.keyboard.press('Control+k');
    await page.getByRole('option', { name: 'Pause', exact: true }).waitFor();
    await page.keyboard.type('pause');
    await page.keyboard.press('Enter');
    await page.getByRole('checkbox', { name: /^Hard/ }).check();
    await page.getByText('paused hard;').first().waitFor();
    await carryOut(page, 'Pause');
    expect(await scene.fleet.rollout(id)).toMatchObject({ paused: true, hard: true });
    await page.getByText('paused hard', { exact: true }).first().waitFor();
  }, 60_000);

  it('skips a cluster and tries it again, and skips a wave', async () => {
    const id = await running('skipped', [
      { ...canary },
      { ...rest, maxConcurrency: 1 },
      { name: 'last', selector: { matchLabels: { ring: 'none' } } },
    ]);
    const { page } = window;
    await page.getByRole('tab', { name: /^Clusters/ }).click();
    await page.getByRole('textbox', { name: 'Part of a cluster’s name' }).fill('r-2');
    await page.getByText('1 of 4').waitFor();
    const row = page.getByRole('row').filter({ hasText: 'r-2' });
    await row.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'r-2' }).getByRole('button', { name: 'Skip' }).click();
    await page
      .getByRole('dialog', { name: `Skip r-2 in ${id}` })
      .getByText('What it will do:')
      .waitFor();
    // Not without a reason.
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Skip' }).isDisabled()).toBe(true);
    await carryOut(page, 'Skip', 'it is being moved');
    expect(await scene.fleet.states(id)).toMatchObject({ 'r-2': 'skipped' });
    await row.getByText('skipped').first().waitFor();
    expect(page.url()).toContain('tab=clusters&q=r-2');

    await row.click();
    await page.getByRole('dialog', { name: 'r-2' }).getByRole('button', { name: 'Retry' }).click();
    await carryOut(page, 'Retry');
    expect((await scene.fleet.states(id))['r-2']).not.toBe('skipped');

    await more(page, 'Skip a wave');
    await carryOut(page, 'Skip a wave', 'it is done by hand');
    await until(id, ({ waves }) => waves[1]?.givenUp !== undefined);
  }, 60_000);

  it('says yes and no at a gate as who may, and reads why not as who may not', async () => {
    await scene.fleet.application('gated', [canary, { ...rest, before: [{ approval: {} }] }]);
    const { id } = await scene.release('gated', ({ waves }) => waves[1]?.phase === 'gateBefore');
    const theirs = await scene.at(`/rollouts/${id}`, { api: approver });
    const { page } = theirs;
    await page.getByRole('region', { name: 'Wave rest' }).getByText('waits', { exact: true }).waitFor();
    await expectAccessible(theirs);
    await shoot(theirs, 'rollout-gate');
    // An approver may not take it back.
    const rollback = act(page, 'Roll back');
    expect(await rollback.getAttribute('aria-disabled')).toBe('true');
    await rollback.click({ force: true });
    await page.getByText('Roll back: This needs the role operator').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);

    await act(page, 'Reject').click();
    await carryOut(page, 'Reject', 'not on a Friday');
    expect(await scene.fleet.rollout(id)).toMatchObject({ paused: true });
    await page.getByText('not on a Friday').first().waitFor();
    await scene.fleet.command(id, 'resume');
    await act(page, 'Approve').click();
    await page
      .getByRole('dialog')
      .getByText(/is approved/)
      .waitFor();
    await carryOut(page, 'Approve', 'seen');
    await until(id, ({ state }) => state === 'succeeded');
    await page.getByText('succeeded', { exact: true }).first().waitFor();
    expectQuiet(theirs);
    await theirs.close();
  }, 60_000);

  it('promotes a soak that counts down', async () => {
    await scene.fleet.application('soaked', [{ ...canary, soak: '1h' }, rest]);
    const { id } = await scene.release('soaked', ({ waves }) => waves[0]?.phase === 'soaking');
    await go(id);
    const { page } = window;
    await page.getByText(/: (59m|1h|60m).* left of 1h/).waitFor();
    await act(page, 'Promote').click();
    await carryOut(page, 'Promote');
    await until(id, ({ state }) => state === 'succeeded');
  }, 60_000);

  it('plans it anew, and cancels it', async () => {
    const id = await running('planned', [canary, rest]);
    const { page } = window;
    const { planDigest } = await scene.fleet.rollout(id);
    await scene.fleet.strategy('planned', [canary, { ...rest, maxFailures: 2 }]);
    await more(page, 'Replan');
    await carryOut(page, 'Replan');
    expect((await scene.fleet.rollout(id)).planDigest).not.toBe(planDigest);
    await page.getByRole('region', { name: 'Wave rest' }).getByText('0 of 2').waitFor();
    await more(page, 'Cancel rollout');
    await carryOut(page, 'Cancel rollout', 'another one comes');
    expect(await scene.fleet.rollout(id)).toMatchObject({ state: 'cancelled' });
    await page.getByText('cancelled', { exact: true }).first().waitFor();
  }, 60_000);

  it('takes a release back, follows the rollback, and reads its receipt', async () => {
    const id = await running('taken');
    const { page } = window;
    scene.fleet.allHealthy();
    await act(page, 'Roll back').click();
    await page.getByRole('combobox', { name: 'Clusters that had nothing before' }).selectOption('withdraw');
    await page
      .getByRole('dialog')
      .getByText(/rollback of release 2 started/)
      .waitFor();
    await expectAccessible(window);
    await shoot(window, 'rollout-rollback');
    await carryOut(page, 'Roll back', 'it leaks');
    await page.getByRole('heading', { name: 'taken-3', level: 1 }).waitFor();
    expect(await scene.fleet.rollout(id)).toMatchObject({ state: 'rolledBack' });
    await until('taken-3', ({ state }) => state === 'succeeded');
    await page.getByRole('tab', { name: 'Receipt' }).click();
    await page.getByText('4 of 4 clusters run what they were to go back to').waitFor();
    await expectAccessible(window);
    await shoot(window, 'rollout-receipt');
    // What is over is left to what came after it.
    await go(id);
    await page.getByRole('link', { name: 'taken-3' }).waitFor();
    expect(await act(page, 'Roll back').count()).toBe(0);
    expectQuiet(window);
  }, 60_000);

  it('reads everything and does nothing as a viewer', async () => {
    const id = await running('viewed');
    const theirs = await scene.at(`/rollouts/${id}`, { api: await scene.fleet.as('viewer') });
    const { page } = theirs;
    await act(page, 'Pause').waitFor();
    for (const verb of ['Pause', 'Roll back']) {
      const button = act(page, verb);
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      expect(await button.getAttribute('title')).toContain('needs the role operator');
    }
    await act(page, 'Pause').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Pause: This needs the role operator').waitFor();
    await expectAccessible(theirs);
    await shoot(theirs, 'rollout-viewer');
    expect(await scene.fleet.rollout(id)).toMatchObject({ paused: false, state: 'running' });
    expectQuiet(theirs);
    await theirs.close();
  }, 60_000);

  it('acts with a thumb in the night', async () => {
    await scene.fleet.application('night', [canary, { ...rest, before: [{ approval: {} }] }]);
    const { id } = await scene.release('night', ({ waves }) => waves[1]?.phase === 'gateBefore');
    const phone = await scene.at(`/rollouts/${id}`, { width: 390, theme: 'dark' });
    const { page } = phone;
    const foot = page.getByRole('group', { name: 'Acts', exact: true });
    await foot.getByRole('button', { name: 'Approve' }).waitFor();
    for (const button of await foot.getByRole('button').all()) {
      expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    }
    await expectAccessible(phone);
    await shoot(phone, 'rollout-night');
    await foot.getByRole('button', { name: 'Pause' }).tap();
    await page.getByRole('dialog').getByText('What it will do:').waitFor();
    await expectAccessible(phone);
    await shoot(phone, 'rollout-night-pause');
    await carryOut(page, 'Pause', 'asleep');
    await until(id, ({ paused }) => paused);
    await foot.getByRole('button', { name: 'Resume' }).tap();
    await carryOut(page, 'Resume');
    await foot.getByRole('button', { name: 'Approve' }).tap();
    await carryOut(page, 'Approve', 'as planned');
    await until(id, ({ state }) => state === 'succeeded');
    await foot.getByRole('button', { name: 'Roll back' }).tap();
    await carryOut(page, 'Roll back', 'it was not');
    await page.getByRole('heading', { name: 'night-3', level: 1 }).waitFor();
    expectQuiet(phone);
    await phone.close();
  }, 60_000);
});
