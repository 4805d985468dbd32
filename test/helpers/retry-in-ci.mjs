import { jest } from '@jest/globals';

// Hundreds of tests here run real servers, clocks and processes on two shared cores. Where nobody watches, one that fails is tried
// once more and its failure is printed all the same; on a person's machine it fails at once.
if (process.env.CI === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
