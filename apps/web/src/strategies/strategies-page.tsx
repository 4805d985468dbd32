import { Page } from '../ui/page.js';

export function StrategiesPage() {
  return <Page title="Strategies">…</Page>;
}
