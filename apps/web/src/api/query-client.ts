import { QueryClient } from '@tanstack/react-query';
import { HubProblem } from './client.js';

/** What was read of the hub, for the whole tab. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the hub refuses it refuses again; what it did not answer is asked again, slower and slower.
      retry: (failures, error) => !(error instanceof HubProblem && error.problem.status < 500) && failures < 4,
      staleTime: 2_000,
      // The live stream says what changed; this is for what it can't, such as the age of something.
      refetchInterval: 30_000,
      refetchOnWindowFocus: true,
    },
  },
});
