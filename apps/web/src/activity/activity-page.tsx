import { Page } from '../ui/page.js';

export function ActivityPage() {
  return <Page title="Activity">…</Page>;
}
