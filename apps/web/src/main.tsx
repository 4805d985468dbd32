import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { HubProblem } from './api/client.js';
import { router } from './router.js';
import { chooseTheme, chosenTheme } from './theme.js';
import './theme.css';

chooseTheme(chosenTheme());

const queries = new QueryClient({
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

const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');
createRoot(element).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
