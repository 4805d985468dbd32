import { expect, it } from '@jest/globals';
import { openBrowser } from './open-browser.js';

it('nothing is started where there is no screen, or for what is no page', async () => {
  expect(await openBrowser('https://hub.example', {}, 'linux')).toBe(false);
  expect(await openBrowser('file:///etc/passwd', { DISPLAY: ':0' }, 'linux')).toBe(false);
  expect(await openBrowser('--help', { DISPLAY: ':0' }, 'linux')).toBe(false);
});

it('a browser that is not installed is told as none', async () => {
  expect(await openBrowser('https://hub.example', { DISPLAY: ':0', PATH: '/nowhere' }, 'linux')).toBe(false);
});
