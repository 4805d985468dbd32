import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import { corridorImports } from './test/helpers/corridor-imports-rule.mjs';

const tests = ['**/*.test.ts', '**/*.test.mjs', 'test/**', '**/*-contract-suite.ts', '**/*.suite.ts'];

/** What makes a function's answer depend on more than its arguments; libs/domain has none of it. */
const impure = [
  { selector: 'AwaitExpression', message: 'libs/domain is pure: no await.' },
  { selector: ':function[async=true]', message: 'libs/domain is pure: no async functions.' },
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Take `now` as an argument.' },
  { selector: 'MemberExpression[object.name="Date"][property.name="now"]', message: 'Take `now` as an argument.' },
  { selector: 'MemberExpression[object.name="Math"][property.name="random"]', message: 'Take a seed as an argument.' },
];

const focusedTests = [
  {
    selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip|todo)$/]',
    message: 'Every test runs, every time.',
  },
  { selector: 'CallExpression[callee.name=/^(xit|fit|xtest|xdescribe|fdescribe)$/]', message: 'Every test runs.' },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.flotilla/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { flotilla: { rules: { 'corridor-imports': corridorImports } } },
    rules: {
      'flotilla/corridor-imports': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      'no-restricted-syntax': ['error', ...focusedTests],
      'max-lines': ['warn', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-params': ['warn', { max: 5 }],
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
      // A fake answers a port's promise without waiting for anything.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
    },
  },
  {
    files: ['libs/domain/**/*.ts'],
    ignores: tests,
    rules: {
      'no-restricted-syntax': ['error', ...impure],
      'no-restricted-globals': [
        'error',
        'process',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'fetch',
        'console',
        'performance',
        'crypto',
      ],
    },
  },
  {
    files: tests,
    rules: {
      // `expect` matchers and parsed JSON are `any`; a wrong guess fails the test itself.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'max-lines': 'off',
      'max-params': 'off',
    },
  },
  {
    files: ['apps/web/src/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat.recommended],
    rules: {
      // Event handlers that answer a promise are React's to call.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      // It tells of a compiler that is not used here.
      'react-hooks/incompatible-library': 'off',
    },
  },
  { files: ['apps/web/vite.config.ts'], rules: { 'no-restricted-exports': 'off' } },
  {
    files: ['**/*.mjs', '**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-restricted-exports': 'off' },
  },
);
