import { Page } from '../ui/page.js';

export function ApplicationsPage() {
  return <Page title="Applications">…</Page>;
}
