import { InvalidArgumentError, Option } from 'commander';
import type { ScopeView } from '#contract';
import { formatSelector, parseSelector } from '#domain';
import { severally } from './options.js';

export interface ScopeOptions {
  readonly clusters?: NonNullable<ScopeView['clusters']>;
  readonly applications?: readonly string[];
}

/** `--clusters`: what a role is kept to. */
export function clustersOption(): Option {
  return new Option('--clusters <selector>', 'only on these clusters, such as env=dev,region in (eu,us)').argParser(
    (text) => {
      const parsed = parseSelector(text);
      if (!parsed.ok) throw new InvalidArgumentError(`${parsed.message}.`);
      // A variable that is empty would else let in everywhere.
      if (text.trim() === '') throw new InvalidArgumentError('It is empty: leave it out to mean all clusters.');
      return parsed.selector;
    },
  );
}

/** `--applications`: what a role is kept to. */
export function applicationsOption(): Option {
  return new Option(
    '--applications <names>',
    'only these applications, separated by commas; * stands for any run of characters',
  ).argParser((text: string, before: readonly string[] | undefined) => {
    const names = severally(text, before);
    if (names.length > 0) return names;
    throw new InvalidArgumentError('It is empty: leave it out to mean all applications.');
  });
}

/** As a request's body has it: nothing where there are no bounds. */
export function scopeField({ clusters, applications }: ScopeOptions): { readonly scope?: ScopeView } {
  if (clusters === undefined && applications === undefined) return {};
  return {
    scope: {
      ...(clusters !== undefined && { clusters }),
      ...(applications !== undefined && { applications: [...applications] }),
    },
  };
}

export function clustersText(scope: ScopeView | undefined): string {
  return scope?.clusters === undefined ? 'all' : formatSelector(scope.clusters);
}

export function applicationsText(scope: ScopeView | undefined): string {
  return scope?.applications === undefined ? 'all' : scope.applications.join(',');
}

/** ` on clusters env=dev, for applications web`; nothing where there are no bounds. */
export function boundsText(scope: ScopeView | undefined): string {
  const parts = [
    ...(scope?.clusters === undefined ? [] : [`on clusters ${clustersText(scope)}`]),
    ...(scope?.applications === undefined ? [] : [`for applications ${applicationsText(scope)}`]),
  ];
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
}
