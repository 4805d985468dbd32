import { scopeView, type ScopeView } from '#contract';
import type { Scope } from '#domain';

/** For a view: nothing where there are no bounds. */
export function scopeField(scope: Scope): { readonly scope?: ScopeView } {
  const view = scopeView(scope);
  return view === undefined ? {} : { scope: view };
}
