import { jestBase } from './test/helpers/jest-base.mjs';

/** The page in a real Chromium on a real hub. */
export default {
  ...jestBase,
  roots: ['<rootDir>/test/page'],
  setupFilesAfterEnv: ['<rootDir>/test/page/retry.ts'],
  // Each file is a hub and a browser.
  maxWorkers: 2,
  testTimeout: 60_000,
};
