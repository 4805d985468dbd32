import { jestBase } from './test/helpers/jest-base.mjs';

/** The suites that stand on a real Kubernetes control plane, which they build and start themselves. */
export default {
  ...jestBase,
  roots: ['<rootDir>/test/kubernetes'],
  globalSetup: '<rootDir>/test/kubernetes/control-plane/global-setup.mjs',
  globalTeardown: '<rootDir>/test/kubernetes/control-plane/global-teardown.mjs',
  // One control plane serves the whole run, so files go one after another.
  maxWorkers: 1,
  testTimeout: 120_000,
};
