import type { ApplicationSpec } from '#contract';
import { section } from './sections.js';

/** What an application says of live objects, in words; nothing where it says nothing. */
export function termsSections(spec: ApplicationSpec | undefined): string {
  // An older hub shows none of them.
  const { ignoreDifferences = [], health = [] } = (spec ?? {}) as Partial<ApplicationSpec>;
  return [
    section(
      'May differ',
      ignoreDifferences.map(({ kind, namespace, name, jsonPointers = [], managers = [] }) => {
        const place = [namespace, name].filter((word) => word !== undefined).join('/');
        const what = [...jsonPointers, ...managers.map((manager) => `what ${manager} sets`)];
        return `${kind === '*' ? 'every kind' : kind}${place === '' ? '' : ` ${place}`}: ${what.join(', ')}`;
      }),
    ),
    section(
      'Health',
      health.flatMap(({ kind, ...rules }) =>
        (['failed', 'suspended', 'progressing', 'healthy'] as const).flatMap((verdict) => {
          const rule = rules[verdict];
          return rule === undefined ? [] : [`${kind} is ${verdict} where ${rule}`];
        }),
      ),
    ),
  ].join('');
}
