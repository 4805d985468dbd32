import { Page } from '../ui/page.js';

export function RegisterPage() {
  return <Page title="Register a cluster">…</Page>;
}
