import { jest } from '@jest/globals';

// A browser has clocks of its own: what fails once is told and tried again at once, as most files tell a story; what fails twice
// has failed.
jest.retryTimes(1, { logErrorsBeforeRetry: true, retryImmediately: true });
