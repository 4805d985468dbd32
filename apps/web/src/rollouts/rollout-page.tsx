import { Page } from '../ui/page.js';

export function RolloutPage() {
  return <Page title="Rollout">…</Page>;
}
