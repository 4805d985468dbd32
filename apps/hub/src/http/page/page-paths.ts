/**
 * Addresses of the page's own screens: each is answered with the page, which finds the rest out by itself. Whatever else is asked
 * for stays unknown, so that a wrong address of the API is never answered with a page.
 */
export const PAGE_PATHS: readonly string[] = [
  '',
  'fleet',
  'rollouts',
  'rollouts/:id',
  'applications',
  'applications/:name',
  'clusters',
  'clusters/:name',
  'compare',
  'activity',
  'register',
  'strategies',
  'strategies/:name',
  'policies',
  'policies/:name',
  'declared',
  'signed-in',
];

/** What stands beside the page in its folder, under names that stay the same. */
export const PAGE_FILES: readonly string[] = ['icon.svg'];
