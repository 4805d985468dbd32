import os from 'node:os';

/** What both jest configurations share. */
export const jestBase = {
  rootDir: new URL('../../', import.meta.url).pathname.replace(/\/$/, ''),
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test', '<rootDir>/deploy'],
  testMatch: ['**/*.test.ts', '**/*.test.mjs'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testEnvironment: 'node',
  // The `source` condition makes #domain and its siblings lead to the TypeScript sources, so tests need no build.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Tests of the page, which is a package of its own.
    '^#contract$': '<rootDir>/libs/contract/src/index.ts',
    // What the page takes of it; see apps/web/vite.config.ts.
    '^#domain/(access|cell-state|selector|label-selector-text|duration|unified-diff)$':
      '<rootDir>/libs/domain/src/$1.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        // Not the build's .swcrc: that one leaves test files out.
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
      },
    ],
    // ESM-only packages that are reached by a require() from CommonJS ones.
    'node_modules/(cookie|content-disposition)/.+\\.js$': [
      '@swc/jest',
      { swcrc: false, module: { type: 'commonjs' }, jsc: { target: 'es2022' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(@fastify/static/node_modules/)?(cookie|content-disposition)/)'],
  reporters: ['default', '<rootDir>/test/helpers/closing-line-reporter.mjs'],
  // Each worker may start a database and a bus, so a big machine's cores don't all get one.
  maxWorkers: Math.min(4, os.availableParallelism()),
  // Half of a small machine's memory is the database and the bus of the integration suites.
  workerIdleMemoryLimit: '768MB',
  testTimeout: 30_000,
};
