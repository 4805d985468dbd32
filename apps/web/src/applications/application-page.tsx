import { Page } from '../ui/page.js';

export function ApplicationPage() {
  return <Page title="Application">…</Page>;
}
