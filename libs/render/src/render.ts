import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { RejectedError, type Logger } from '#kit';
import type { Renderer, RenderInput, RenderOutput } from '#ports';
import { fenceKustomization } from './fence-kustomization.js';
import { hasKustomization } from './kustomization-file.js';
import { parseObjects } from './parse-yaml.js';
import { renderPlain } from './render-plain.js';
import { resolveInside } from './resolve-inside.js';
import { openKustomize, type Kustomize } from './run-kustomize.js';
import { RENDER_LIMITS, type RenderLimits } from './run-program.js';

export interface RendererOptions {
  /** The program, absolute. */
  readonly kustomizePath: string;
  readonly log: Logger;
  readonly limits?: Partial<RenderLimits>;
  /** Renders at once; the cores unless told. */
  readonly concurrency?: number;
}

/** The real kustomize, and plain YAML as kubectl reads it. See docs/adr/0006-rendering.md. */
export function openRenderer(options: RendererOptions): Renderer {
  const limits: RenderLimits = { ...RENDER_LIMITS, ...options.limits };
  const limit = pLimit(options.concurrency ?? availableParallelism());
  let kustomize: Promise<Kustomize> | null = null;

  /** At the first render that needs it; asked again where it failed. */
  function getKustomize(): Promise<Kustomize> {
    kustomize ??= openKustomize(options.kustomizePath, limits, options.log).catch((error: unknown) => {
      kustomize = null;
      throw error;
    });
    return kustomize;
  }

  return {
    render: (input) =>
      limit(() =>
        renderWith(input, limits, async (root, folder) => {
          await fenceKustomization(root, folder);
          const program = await getKustomize();
          const printed = await program.build(root, folder);
          return {
            objects: parseObjects(printed, `${folder} (as kustomize printed it)`),
            tool: `kustomize ${program.version}`,
            reads: ['.'],
            warnings: [],
          };
        }),
      ),
  };
}

/** What every renderer does the same way, whatever builds a kustomization. */
export async function renderWith(
  { folder, path: overlay, renderer }: RenderInput,
  limits: RenderLimits,
  build: (root: string, folder: string) => Promise<RenderOutput>,
): Promise<RenderOutput> {
  const root = await realpath(folder);
  const inside = await resolveInside(root, '.', path.posix.normalize(overlay), 'spec.path');
  if (inside === null) throw new RejectedError('path-not-found', `${overlay} is not in the commit.`, { path: overlay });
  if (inside.kind === 'file') {
    throw new RejectedError('path-not-found', `${overlay} is a file: name the folder that it is in.`, {
      path: overlay,
    });
  }
  if (renderer === 'kustomize' || (renderer === 'auto' && (await hasKustomization(inside.real)))) {
    return build(root, inside.relative);
  }
  const objects = await renderPlain(root, inside.relative, limits.maxOutputBytes);
  return { objects, tool: 'yaml', reads: ['.'], warnings: [] };
}
