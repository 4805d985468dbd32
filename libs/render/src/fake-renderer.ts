import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BugError } from '#kit';
import type { JsonObject, JsonValue } from '#domain';
import type { Renderer } from '#ports';
import { readKustomization } from './kustomization-file.js';
import { parseObjects } from './parse-yaml.js';
import { renderWith, type Builders } from './render.js';
import { resolveInside } from './resolve-inside.js';
import { RENDER_LIMITS, type RenderLimits } from './run-program.js';

const known = new Set(['apiVersion', 'kind', 'resources', 'namespace', 'namePrefix']);

/**
 * A Renderer that runs no program, for tests: plain YAML wholly, and of kustomize `resources`, `namespace` and `namePrefix`.
 * Held to the same contract suite as the real one; anything else in a kustomization is a mistake of the test.
 */
export function createFakeRenderer(limits: Partial<RenderLimits> = {}): Renderer {
  async function build(root: string, folder: string): Promise<readonly JsonObject[]> {
    const { file, fields } = await readKustomization(root, folder);
    const odd = Object.keys(fields).find((field) => !known.has(field));
    if (odd !== undefined) throw new BugError('fake-renderer', `The fake renderer doesn't know ${odd} of ${file}.`);
    const objects: JsonObject[] = [];
    for (const each of (fields['resources'] ?? []) as readonly string[]) {
      const inside = await resolveInside(root, folder, each, file);
      if (inside === null) continue;
      if (inside.kind === 'folder') objects.push(...(await build(root, inside.relative)));
      else objects.push(...parseObjects(await readFile(path.join(root, inside.relative)), inside.relative));
    }
    const namespace = fields['namespace'];
    const prefix = textOf(fields['namePrefix']);
    return objects.map((object) => {
      const metadata = object['metadata'] as JsonObject;
      const name = `${prefix}${textOf(metadata['name'])}`;
      return { ...object, metadata: { ...metadata, name, ...(namespace !== undefined && { namespace }) } };
    });
  }

  const builders: Builders = {
    scratchFolder: tmpdir(),
    kustomize: async (root, folder, names) => {
      // Bases of other repositories lie beside the commit.
      const around = Object.keys(names).length === 0 ? root : path.dirname(root);
      const objects = await build(around, path.join(path.relative(around, root), folder));
      return { objects, tool: 'kustomize fake' };
    },
    helm: () => {
      throw new BugError('fake-renderer', 'The fake renderer renders no charts.');
    },
    patch: () => {
      throw new BugError('fake-renderer', 'The fake renderer applies no patches.');
    },
  };
  return { render: (input) => renderWith(input, { ...RENDER_LIMITS, ...limits }, builders) };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
