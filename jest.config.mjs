import { jestBase } from './test/helpers/jest-base.mjs';

/** Everything that needs no Kubernetes; see jest.kubernetes.config.mjs and jest.blast.config.mjs for the rest. */
export default {
  ...jestBase,
  testPathIgnorePatterns: [
    ...jestBase.testPathIgnorePatterns,
    '<rootDir>/test/kubernetes/',
    '<rootDir>/test/bench/',
    '<rootDir>/test/blast/',
  ],
};
