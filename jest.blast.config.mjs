import { jestBase } from './test/helpers/jest-base.mjs';

/** The blast-radius scenarios: what a bad release may reach. One test is one scenario; see the reporter for the closing line. */
export default {
  ...jestBase,
  roots: ['<rootDir>/test/blast'],
  reporters: [...jestBase.reporters, '<rootDir>/test/helpers/scenario-reporter.mjs'],
  // Each file is a hub and ten clusters, and what is timed here should not starve.
  maxWorkers: 2,
  testTimeout: 120_000,
};
