import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { activitySearch } from './activity/search.js';
import { applicationSearch, applicationsSearch } from './applications/search.js';
import { clusterSearch, clustersSearch, compareSearch } from './clusters/search.js';
import { declaredSearch } from './declared/search.js';
import { queries } from './api/query-client.js';
import { cells } from './fleet/cells-query.js';
import { fleetSearch, type FleetSearch } from './fleet/search.js';
import { policiesSearch, policySearch } from './policies/search.js';
import { rolloutSearch, rolloutsSearch } from './rollouts/search.js';
import { parseSearch, stringifySearch } from './search.js';
import { Shell } from './shell/shell.js';
import { strategySearch } from './strategies/search.js';
import { Empty, Failed, Loading } from './ui/words.js';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => <Empty title="There is no such page">It may be an old link.</Empty>,
  errorComponent: ({ error, reset }) => <Failed error={error} what="this page" onRetry={reset} />,
});

const page = <const Path extends string, Search extends object>(
  path: Path,
  load: () => Promise<Record<string, unknown>>,
  name: string,
  validateSearch: (search: Record<string, unknown>) => Search,
  /** Asks for what the page will show while its code and who is signed in are on their way. */
  ahead?: (search: Search) => void,
) =>
  createRoute({
    getParentRoute: () => root,
    path,
    validateSearch,
    beforeLoad: ({ search }) => ahead?.(search as Search),
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name as never),
  });

const none = (): Record<string, never> => ({});
const toFleet = () => redirect({ to: '/fleet', throw: true });

const readCells = ({ application }: FleetSearch): void => {
  queries.prefetchQuery(cells(application)).catch(() => undefined);
};

const routes = [
  createRoute({ getParentRoute: () => root, path: '/', beforeLoad: toFleet }),
  createRoute({ getParentRoute: () => root, path: '/signed-in', beforeLoad: toFleet }),
  page('/fleet', () => import('./fleet/fleet-page.js'), 'FleetPage', fleetSearch, readCells),
  page('/rollouts', () => import('./rollouts/rollouts-page.js'), 'RolloutsPage', rolloutsSearch),
  page('/rollouts/$id', () => import('./rollouts/rollout-page.js'), 'RolloutPage', rolloutSearch),
  page('/applications', () => import('./applications/applications-page.js'), 'ApplicationsPage', applicationsSearch),
  page('/applications/$name', () => import('./applications/application-page.js'), 'ApplicationPage', applicationSearch),
  page('/clusters', () => import('./clusters/clusters-page.js'), 'ClustersPage', clustersSearch),
  page('/clusters/$name', () => import('./clusters/cluster-page.js'), 'ClusterPage', clusterSearch),
  page('/compare', () => import('./clusters/compare-page.js'), 'ComparePage', compareSearch),
  page('/activity', () => import('./activity/activity-page.js'), 'ActivityPage', activitySearch),
  page('/register', () => import('./register/register-page.js'), 'RegisterPage', none),
  page('/strategies', () => import('./strategies/strategies-page.js'), 'StrategiesPage', none),
  page('/strategies/$name', () => import('./strategies/strategy-page.js'), 'StrategyPage', strategySearch),
  page('/policies', () => import('./policies/policies-page.js'), 'PoliciesPage', policiesSearch),
  page('/policies/$name', () => import('./policies/policy-page.js'), 'PolicyPage', policySearch),
  page('/declared', () => import('./declared/declared-page.js'), 'DeclaredPage', declaredSearch),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Loading what="the page" />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
