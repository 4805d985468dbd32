import { Page } from '../ui/page.js';

export function StrategyPage() {
  return <Page title="Strategy">…</Page>;
}
