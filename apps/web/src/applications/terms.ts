import type { ApplicationSpec } from '#contract';

/** What an application says of live objects, in words; nothing where it says nothing. */
export function termsOf({
  ignoreDifferences,
  health,
}: Partial<Pick<ApplicationSpec, 'ignoreDifferences' | 'health'>>): string[] {
  return [
    ...(ignoreDifferences ?? []).map(({ kind, namespace, name, jsonPointers = [], managers = [] }) => {
      const place = [namespace, name].filter((word) => word !== undefined).join('/');
      const what = [...jsonPointers, ...managers.map((manager) => `what ${manager} sets`)];
      return `${kind === '*' ? 'Every kind' : kind}${place === '' ? '' : ` ${place}`} may differ in ${what.join(', ')}`;
    }),
    ...(health ?? []).flatMap(({ kind, ...rules }) =>
      (['failed', 'suspended', 'progressing', 'healthy'] as const).flatMap((verdict) => {
        const rule = rules[verdict];
        return rule === undefined ? [] : [`${kind} is ${verdict} where ${rule}`];
      }),
    ),
  ];
}
