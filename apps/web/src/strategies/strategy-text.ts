import { dump } from 'js-yaml';
import type { StrategyObject } from './reads.js';

export function yamlText(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}

/** As somebody would write it: without what the hub alone knows. */
export function documentText({ apiVersion, kind, spec }: StrategyObject, name: string): string {
  return yamlText({ apiVersion, kind, metadata: { name }, spec });
}
