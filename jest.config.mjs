import { jestBase } from './test/helpers/jest-base.mjs';

/** Everything that needs no Kubernetes and no browser; see jest.kubernetes.config.mjs, jest.blast.config.mjs and jest.page.config.mjs for the rest. */
export default {
  ...jestBase,
  testPathIgnorePatterns: [
    ...jestBase.testPathIgnorePatterns,
    '<rootDir>/test/kubernetes/',
    '<rootDir>/test/bench/',
    '<rootDir>/test/blast/',
    '<rootDir>/test/page/',
  ],
};
