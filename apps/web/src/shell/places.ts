/** Where one can go from anywhere; `g` and then the key goes there too. */
export const PLACES = [
  { to: '/fleet', name: 'Fleet', key: 'f' },
  { to: '/rollouts', name: 'Rollouts', key: 'r' },
  { to: '/applications', name: 'Applications', key: 'a' },
  { to: '/clusters', name: 'Clusters', key: 'c' },
  { to: '/activity', name: 'Activity', key: 'v' },
  { to: '/strategies', name: 'Strategies', key: 's' },
  { to: '/policies', name: 'Policies', key: 'p' },
  { to: '/declared', name: 'Declared in Git', key: 'd' },
  { to: '/register', name: 'Register a cluster', key: 'n' },
] as const;

export type Place = (typeof PLACES)[number];
