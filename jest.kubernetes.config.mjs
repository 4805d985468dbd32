import { jestBase } from './test/helpers/jest-base.mjs';

/** The suites that stand on a real Kubernetes control plane, which they build and start themselves. */
export default {
  ...jestBase,
  roots: ['<rootDir>/test/kubernetes'],
  globalSetup: '<rootDir>/test/kubernetes/control-plane/global-setup.mjs',
  globalTeardown: '<rootDir>/test/kubernetes/control-plane/global-teardown.mjs',
  // Each worker has a control plane of its own, half a gigabyte, and files of one worker go one after another.
  maxWorkers: 2,
  testTimeout: 120_000,
};
