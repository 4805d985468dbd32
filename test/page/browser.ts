import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { startTestHub, type TestHub } from '../helpers/test-hub.js';
import type { TestApi } from '../helpers/test-api.js';

const require = createRequire(import.meta.url);
const root = path.resolve(import.meta.dirname, '../..');

/** Where the pictures of docs/ui are written; unset: none are. `npm run screenshots` sets it. */
const PICTURES = process.env['FLOTILLA_PICTURES'];

/** What docs/ui keeps, at a desk by day and on a phone by night; `all` as FLOTILLA_PICTURED keeps every picture, to look through. */
const PICTURED = [
  ...['sign-in', 'hub-away', 'fleet', 'fleet-application', 'fleet-matrix', 'fleet-why', 'fleet-frozen'],
  ...['rollouts', 'rollout', 'rollout-bad-image', 'rollout-night', 'rollout-past', 'rollout-pause', 'rollout-receipt'],
  ...['applications', 'application-releases', 'application-diff', 'application-plan'],
  ...['clusters', 'cluster', 'cluster-objects', 'cluster-diff', 'compare', 'activity-events', 'activity-audit'],
  ...['register-waiting', 'strategies', 'strategy-wrong', 'strategy-plan', 'strategy-rehearsal'],
  ...['policies', 'policy', 'declared-drift', 'declared-refused', 'declared-apply'],
];
const KEPT_LOOKS = ['1440-light', '390-dark'];

/** The widths at which every screen is tried: a desk and a phone. */
export const WIDTHS = [1440, 390] as const;
export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Every width in every theme, for `it.each`. */
export const LOOKS = WIDTHS.flatMap((width) => THEMES.map((theme) => ({ width, theme })));

/** A hub that serves the built page: dist/web, or where FLOTILLA_WEB says. */
export function startPageHub(env: Record<string, string> = {}): Promise<TestHub> {
  const built = process.env['FLOTILLA_WEB'];
  return startTestHub({ ...(built !== undefined && { FLOTILLA_WEB: built }), ...env });
}

export interface Look {
  readonly width?: number;
  readonly theme?: Theme;
}

/** Chromium, as Debian packages it; FLOTILLA_CHROMIUM names another. One for each test file. */
export class TestChromium {
  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<TestChromium> {
    const browser = await chromium.launch({
      executablePath: process.env['FLOTILLA_CHROMIUM'] ?? '/usr/bin/chromium',
      timeout: 60_000,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new TestChromium(browser);
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  /** A browser of its own that nobody is signed in with. */
  async open({ width = 1440, theme = 'light' }: Look = {}): Promise<TestWindow> {
    const isPhone = width < 600;
    const context = await this.browser.newContext({
      // The hub's certificate is of its own authority.
      ignoreHTTPSErrors: true,
      viewport: { width, height: isPhone ? 844 : 900 },
      colorScheme: theme,
      hasTouch: isPhone,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
    context.setDefaultTimeout(30_000);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => undefined);
    return new TestWindow(context, await context.newPage(), { width, theme });
  }
}

/** A window of the browser, and what went wrong in it. */
export class TestWindow {
  /** Of the console and of scripts, and requests to anywhere but the hub. */
  readonly complaints: string[] = [];
  private origin = '';

  constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    readonly look: Required<Look>,
  ) {
    page.on('pageerror', (error) => this.complaints.push(`script: ${error.message}`));
    page.on('console', (message) => {
      // An answer that is no is told on the page; the browser says it a second time.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.complaints.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (this.origin !== '' && origin !== this.origin && protocol !== 'blob:' && protocol !== 'data:')
        this.complaints.push(`request to ${origin}`);
    });
  }

  /** Signs in as whoever the API's token is of, by a link that works once, and goes to a path of the page. */
  async visit(api: TestApi, to: string): Promise<Page> {
    const { url } = await api.post<{ url: string }>('/api/v1/sessions/link');
    this.origin = new URL(url).origin;
    // The page that a link leads to goes on by itself: to go elsewhere meanwhile would be a race.
    await this.page.goto(`${url}?return=${encodeURIComponent(to)}`);
    return this.page;
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

/** Fails with each rule of WCAG 2.2 A and AA that the page breaks, and where; and when it scrolls sideways as a whole. */
export async function expectAccessible({ page }: TestWindow): Promise<void> {
  await page.evaluate(await axeSource());
  const results = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })`,
  );
  const broken = results.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes
        .slice(0, 5)
        .map(
          ({ target, failureSummary }) => `  ${target.join(' ')}\n    ${failureSummary?.replace(/\n\s*/g, ' ') ?? ''}`,
        )
        .join('\n')}`,
  );
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  if (overflow > 0) broken.push(`the page is ${overflow} px wider than its window`);
  if (broken.length > 0) throw new Error(`${page.url()} breaks:\n${broken.join('\n')}`);
}

let axe: string | undefined;
async function axeSource(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return (axe ??= await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
}

/** Fails with whatever the browser complained of. */
export function expectQuiet({ complaints }: TestWindow): void {
  if (complaints.length > 0) throw new Error(`the browser complains:\n${complaints.join('\n')}`);
}

/** Keeps a picture of what is seen, as docs/ui/NAME-WIDTH-THEME.png, where pictures are asked for. */
export async function shoot({ page, look }: TestWindow, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  const isKept = PICTURED.includes(name) && KEPT_LOOKS.includes(`${look.width}-${look.theme}`);
  if (!isKept && process.env['FLOTILLA_PICTURED'] !== 'all') return;
  const folder = path.resolve(root, PICTURES);
  await mkdir(folder, { recursive: true });
  // What moves and fonts that come late make two pictures of one page.
  await page.evaluate('document.fonts.ready');
  const picture = await page.screenshot({ animations: 'disabled', scale: 'css' });
  await writeFile(path.join(folder, `${name}-${look.width}-${look.theme}.png`), picture);
}
