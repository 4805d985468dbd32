import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import type { TestHub } from '../helpers/test-hub.js';
import { expectAccessible, shoot, startPageHub, TestChromium, type TestWindow } from './browser.js';

describe('a page that stays open', () => {
  let hub: TestHub;
  let chromium: TestChromium;
  let window: TestWindow;
  const puppets: PuppetAgent[] = [];
  beforeAll(async () => {
    // A fixed port, so that the hub is found again after a restart.
    [hub, chromium] = await Promise.all([startPageHub(), TestChromium.start()]);
    const { port } = new URL(hub.hub.url);
    await hub.stop();
    hub = await startPageHub({ FLOTILLA_PORT: port });
    puppets.push(await PuppetAgent.join(hub.api, 'eu-1', { env: 'prod' }));
    window = await chromium.open();
  }, 180_000);
  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.close()));
    await chromium?.close();
    await hub?.stop();
  }, 60_000);

  it('says that what it shows is old while the hub is away, and goes on by itself when it is back', async () => {
    const page = await window.visit(hub.api, '/clusters/eu-1');
    await page.getByRole('heading', { name: 'eu-1', level: 1 }).waitFor();
    const old = page.getByText('What you see is');
    await hub.restart(async () => {
      await old.waitFor({ timeout: 60_000 });
      await page.getByRole('heading', { name: 'eu-1', level: 1 }).waitFor();
      await expectAccessible(window);
      await shoot(window, 'hub-away');
    });
    await old.waitFor({ state: 'detached', timeout: 60_000 });
  }, 180_000);

  it('shows what others do without being asked', async () => {
    const page = await window.visit(hub.api, '/clusters/eu-1');
    await page.getByRole('heading', { name: 'eu-1', level: 1 }).waitFor();
    await hub.api.post('/api/v1/clusters/eu-1/hold', { reason: 'the power company digs' });
    await page.getByText('the power company digs').first().waitFor({ timeout: 60_000 });
    await hub.api.post('/api/v1/clusters/eu-1/unhold', { reason: 'it is done' });
    await page.getByText('the power company digs').first().waitFor({ state: 'detached', timeout: 60_000 });
  }, 180_000);
});
