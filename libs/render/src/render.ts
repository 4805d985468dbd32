import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import type { JsonObject } from '#domain';
import { RejectedError, type Logger } from '#kit';
import type { HelmInput, Renderer, RenderInput, RenderOutput, RenderPatch } from '#ports';
import { applyPatches } from './apply-patches.js';
import type { CommitTrees } from './commit-tree.js';
import { findEncryptedFiles, lostFiles, type ReadPlace } from './encrypted-files.js';
import { fenceKustomization } from './fence-kustomization.js';
import { helmInputOf, refuseBareChart } from './helm/helm-input-of.js';
import { openHelm, type FindHelm, type Helm } from './helm/open-helm.js';
import { renderHelm } from './helm/render-helm.js';
import { hasKustomization } from './kustomization-file.js';
import { layOutTrees } from './lay-out-trees.js';
import { parseObjects } from './parse-yaml.js';
import { Reads } from './reads.js';
import { renderPlain } from './render-plain.js';
import { resolveInside } from './resolve-inside.js';
import { openKustomize, type Kustomize } from './run-kustomize.js';
import { RENDER_LIMITS, type RenderLimits } from './run-program.js';

export interface RendererOptions {
  /** The program, absolute. */
  readonly kustomizePath: string;
  /** Absent: there are no charts to render. */
  readonly findHelm?: FindHelm;
  readonly log: Logger;
  readonly limits?: Partial<RenderLimits>;
  /** Where folders may be made while something is rendered; the system's own for such unless told. */
  readonly scratchFolder?: string;
  /** Renders at once; the cores unless told. */
  readonly concurrency?: number;
}

/** The real kustomize, and plain YAML as kubectl reads it. See docs/adr/0006-rendering.md. */
export function openRenderer(options: RendererOptions): Renderer {
  const limits: RenderLimits = { ...RENDER_LIMITS, ...options.limits };
  const limit = pLimit(options.concurrency ?? availableParallelism());
  let kustomize: Promise<Kustomize> | null = null;
  let helm: Promise<Helm> | null = null;

  /** At the first render that needs it; asked again where it failed. */
  function getKustomize(): Promise<Kustomize> {
    kustomize ??= openKustomize(options.kustomizePath, limits, options.log).catch((error: unknown) => {
      kustomize = null;
      throw error;
    });
    return kustomize;
  }

  function getHelm(): Promise<Helm> {
    helm ??= openHelm(options.findHelm, limits, options.log).catch((error: unknown) => {
      helm = null;
      throw error;
    });
    return helm;
  }

  async function build(root: string, folder: string, names?: Readonly<Record<string, string>>): Promise<Buffer> {
    return (await getKustomize()).build(root, folder, names);
  }

  const builders: Builders = {
    scratchFolder: options.scratchFolder ?? tmpdir(),
    kustomize: async (root, folder, names) => {
      const printed = await build(root, folder, names);
      const { version } = await getKustomize();
      return { objects: parseObjects(printed, `${folder} (as kustomize printed it)`), tool: `kustomize ${version}` };
    },
    helm: (root, folder, input, reads) =>
      renderHelm(getHelm, { root, folder, input, reads, scratchFolder: builders.scratchFolder }, limits),
    patch: (objects, patches) => applyPatches(objects, patches, builders.scratchFolder, build),
  };

  return {
    prepareHelm: async () => {
      await getHelm();
    },
    async render(input) {
      // Not while others wait for a place.
      if (isChart(input)) await getHelm();
      return limit(() => renderWith(input, limits, builders));
    },
  };
}

/** What the real renderer and the fake one do differently. */
export interface Builders {
  /** Where folders may be made while something is rendered. */
  readonly scratchFolder: string;
  /** Renders a folder that the fence has let pass. */
  kustomize(root: string, folder: string, names: Readonly<Record<string, string>>): Promise<Printed>;
  helm(root: string, folder: string, input: HelmInput, reads: Reads): Promise<Omit<RenderOutput, 'reads'>>;
  patch(objects: readonly JsonObject[], patches: readonly RenderPatch[]): Promise<readonly JsonObject[]>;
}

type Printed = Pick<RenderOutput, 'objects' | 'tool'>;

const MOST_WARNINGS = 20;

/** What every renderer does the same way, whatever builds a kustomization. */
export async function renderWith(input: RenderInput, limits: RenderLimits, builders: Builders): Promise<RenderOutput> {
  const { output, places } = await renderUnpatched(input, limits, builders);
  const { patches = [] } = input;
  const objects = patches.length === 0 ? output.objects : await builders.patch(output.objects, patches);
  const encryptedFiles = await findEncryptedFiles(objects, places);
  const warnings = [...output.warnings, ...lostFiles(objects, encryptedFiles)].slice(0, MOST_WARNINGS);
  return { ...output, objects, warnings, ...(encryptedFiles.size > 0 && { encryptedFiles }) };
}

function isChart({ renderer, helm }: RenderInput): boolean {
  return renderer === 'helm' || (renderer === 'auto' && helm !== undefined);
}

interface Unpatched {
  readonly output: RenderOutput;
  /** What was read of every commit. */
  readonly places: readonly ReadPlace[];
}

async function renderUnpatched(input: RenderInput, limits: RenderLimits, builders: Builders): Promise<Unpatched> {
  const { folder, path: overlay, renderer } = input;
  const root = await realpath(folder);
  const inside = await resolveInside(root, '.', path.posix.normalize(overlay), 'spec.path');
  if (inside === null) {
    throw new RejectedError('path-not-found', `${overlay} is not in the commit.`, {
      path: overlay,
      missingPath: overlay,
    });
  }
  if (inside.kind === 'file') {
    throw new RejectedError('path-not-found', `${overlay} is a file: name the folder that it is in.`, {
      path: overlay,
    });
  }
  if (isChart(input)) {
    const reads = new Reads(root);
    reads.addLinks(inside);
    const rendered = await builders.helm(root, inside.relative, helmInputOf(input.helm), reads);
    return ofOneCommit(root, { ...rendered, reads: reads.list() });
  }
  if (renderer === 'kustomize' || (renderer === 'auto' && (await hasKustomization(inside.real)))) {
    const trees = await fenceKustomization(root, inside.relative, input.baseOf);
    const printed = await buildTrees(trees, inside.relative, builders);
    trees.own.reads.addLinks(inside);
    return {
      output: { ...printed, reads: trees.own.reads.list(), warnings: [] },
      places: trees.all.map((tree) => ({ root: tree.root, paths: tree.reads.list() })),
    };
  }
  if (renderer === 'auto') await refuseBareChart(inside);
  const reads = new Reads(root);
  reads.addLinks(inside);
  const objects = await renderPlain(root, inside.relative, limits.maxOutputBytes, reads);
  return ofOneCommit(root, { objects, tool: 'yaml', reads: reads.list(), warnings: [] });
}

function ofOneCommit(root: string, output: RenderOutput): Unpatched {
  return { output, places: [{ root, paths: output.reads }] };
}

async function buildTrees(trees: CommitTrees, folder: string, builders: Builders): Promise<Printed> {
  if (trees.all.every(({ rebased }) => rebased.size === 0)) return builders.kustomize(trees.own.root, folder, {});
  const scratch = await mkdtemp(path.join(builders.scratchFolder, 'flotilla-bases-'));
  try {
    const { root, names } = await layOutTrees(trees, await realpath(scratch));
    return await builders.kustomize(root, folder, names);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
