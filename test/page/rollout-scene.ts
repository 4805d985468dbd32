import type { RolloutView } from '#contract';
import type { Locator, Page } from 'playwright-core';
import { CommandFleet } from '../helpers/command-fleet.js';
import type { Script } from '../helpers/puppet-agent.js';
import type { TestApi } from '../helpers/test-api.js';
import { startPageHub, TestChromium, type Look, type TestWindow } from './browser.js';

export const canary = { name: 'canary', selector: { matchLabels: { ring: 'canary' } } };
export const rest = { name: 'rest' };

/** It began, and says no more. */
export const begun: Script = () => ({ phase: 'progressing' });
/** What an agent says of an image that nobody can pull. */
export const badImage: Script = () => ({
  phase: 'failed',
  message: 'Deployment shop/web: ImagePullBackOff: Back-off pulling image "registry.example/web:none"',
});

/** A hub with its page, puppets for clusters, and a browser. */
export class RolloutScene {
  private constructor(
    readonly fleet: CommandFleet,
    readonly chromium: TestChromium,
  ) {}

  static async open(clusters: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<RolloutScene> {
    const [fleet, chromium] = await Promise.all([CommandFleet.start(clusters, startPageHub), TestChromium.start()]);
    return new RolloutScene(fleet, chromium);
  }

  async close(): Promise<void> {
    await this.chromium.close();
    await this.fleet.close();
  }

  /** A window at a path of the page, as the admin or whoever's API it is. */
  async at(
    path: string,
    { api = this.fleet.api, ...look }: Look & { readonly api?: TestApi } = {},
  ): Promise<TestWindow> {
    const window = await this.chromium.open(look);
    await window.visit(api, path);
    return window;
  }

  /** A release of the application that stands as wanted. */
  async release(name: string, is: (rollout: RolloutView) => boolean): Promise<RolloutView> {
    return this.fleet.when(name, await this.fleet.release(name), is);
  }
}

/** The button of an act where it is seen: in the row, or at a phone's foot. */
export const act = (page: Page, verb: string): Locator =>
  page.getByRole('button', { name: verb, exact: true }).filter({ visible: true }).first();

/** Opens one of the acts that stand in the menu. */
export async function more(page: Page, verb: string): Promise<void> {
  await page.locator('summary', { hasText: 'More' }).filter({ visible: true }).click();
  await act(page, verb).click();
}

/** Waits for what the hub says that the act would do, types the reason, and does it. */
export async function carryOut(page: Page, verb: string, reason = ''): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^(What it will do:|It would change nothing\.)$/).waitFor();
  if (reason !== '') await dialog.getByRole('textbox', { name: 'Reason' }).fill(reason);
  await dialog.getByRole('button', { name: verb, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}
