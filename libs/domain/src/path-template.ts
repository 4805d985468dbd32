import type { ClusterIdentity } from './cluster.js';

export type RenderedPath =
  | { readonly ok: true; readonly path: string }
  | {
      readonly ok: false;
      readonly code: 'template-invalid' | 'label-missing' | 'path-invalid';
      readonly message: string;
    };

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;
const DOTTED = /^(labels|facts)\.([A-Za-z0-9_][-A-Za-z0-9_]*)$/;
const QUOTED = /^(labels|facts)\[(?:"([^"\\]+)"|'([^'\\]+)')\]$/;

/**
 * The overlay's path for a cluster: `overlays/{{ labels.env }}`, `{{ labels["team/name"] }}`, `{{ facts.region }}`, `{{ name }}`.
 * A value is one part of a path, never more: it may hold no `/`. The path is relative and stays inside the source.
 */
export function renderPathTemplate(template: string, cluster: Omit<ClusterIdentity, 'uid'>): RenderedPath {
  let problem: Exclude<RenderedPath, { ok: true }> | null = null;
  const rendered = template.replace(PLACEHOLDER, (text, expression: string) => {
    const value = valueOf(expression, cluster);
    if (typeof value === 'string') return value;
    problem ??=
      value ??
      invalid(
        `"${text}" in the path is not understood: write {{ labels.env }}, {{ labels["team/name"] }}, {{ facts.region }} or {{ name }}`,
      );
    return '';
  });
  if (problem !== null) return problem;
  if (/\{\{|\}\}/.test(rendered)) return invalid(`the path "${bounded(template)}" has braces without a partner`);
  return checked(rendered);
}

function valueOf(
  expression: string,
  cluster: Omit<ClusterIdentity, 'uid'>,
): string | Exclude<RenderedPath, { ok: true }> | null {
  if (expression === 'name') return cluster.name;
  const dotted = DOTTED.exec(expression);
  const quoted = QUOTED.exec(expression);
  const from = dotted?.[1] ?? quoted?.[1];
  const key = dotted?.[2] ?? quoted?.[2] ?? quoted?.[3];
  if (from === undefined || key === undefined) return null;
  const values = from === 'labels' ? cluster.labels : cluster.facts;
  const what = from === 'labels' ? 'label' : 'fact';
  const value = Object.hasOwn(values, key) ? (values[key] ?? '') : '';
  if (value === '') {
    const mend =
      from === 'labels' ? `set it with: flotilla cluster label ${cluster.name} ${key}=…` : 'its agent has not told it';
    return {
      ok: false,
      code: 'label-missing',
      message: `cluster ${cluster.name} has no ${what} "${key}", which the path needs; ${mend}`,
    };
  }
  if (/[/\\]/.test(value) || value === '.' || value === '..') {
    return {
      ok: false,
      code: 'path-invalid',
      message: `the ${what} "${key}" of cluster ${cluster.name} is "${bounded(value)}", which is no name of a folder`,
    };
  }
  return value;
}

/** The path without `./`, doubled or closing slashes; `.` is the source's root. */
function checked(path: string): RenderedPath {
  const outside = (why: string): RenderedPath => ({
    ok: false,
    code: 'path-invalid',
    message: `the path "${bounded(path)}" ${why}: it must be relative and stay inside the source`,
  });
  if (path.trim() === '') return outside('is empty');
  if (path.startsWith('/')) return outside('is absolute');
  if (path.length > 1024) return outside('has more than 1,024 characters');
  if ([...path].some((character) => character < ' ' || character === '\\' || character === '\u007f'))
    return outside('has a backslash or a control character');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return outside('has ".." in it');
  return { ok: true, path: parts.length === 0 ? '.' : parts.join('/') };
}

function invalid(message: string): Exclude<RenderedPath, { ok: true }> {
  return { ok: false, code: 'template-invalid', message };
}

function bounded(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
