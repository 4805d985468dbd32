import { Page } from '../ui/page.js';

export function RolloutsPage() {
  return <Page title="Rollouts">…</Page>;
}
