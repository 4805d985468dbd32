import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { MAX_BUNDLE_BYTES, MAX_BUNDLE_OBJECTS } from '#contract';
import { carryFiles, makeBundle, type Overlay } from '#domain';
import { keepNewest, messageOf, RejectedError, RetryableError, type Metrics } from '#kit';
import type { OverlayInputs, Renderer, RenderOutput, StoredRelease } from '#ports';
import { METRICS, RENDERER, SETTINGS, type HubSettings } from '../../parts.js';
import { StepTimer } from '../step-timer.js';
import { BundleShelf } from './bundle-shelf.js';
import { Exports, type OpenExports } from './exports.js';
import { HelmInputs } from './helm-inputs.js';
import { isSame, ofRelease, revisionsOf, type KnownOverlay, type RenderedOverlay } from './known-overlay.js';
import { patchesOf, recipeOf, usesHelm } from './overlay-recipe.js';
import { pinnedOrNull, probableReads, readsOf, type OverlayRequest } from './overlay-reads.js';
import { OverlayContents, type Contents } from './overlay-contents.js';
import type { PinnedSource } from './declared-sources.js';
import { readLeast } from './read-least.js';

const compress = promisify(gzip);

export interface OverlayError {
  /** The overlay's name. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
  /** Whether the same input may render later. */
  readonly retryable: boolean;
}

export interface RenderRequest extends OverlayRequest {
  readonly application: string;
  /** By name. */
  readonly overlays: ReadonlyMap<string, Overlay>;
  /** The newest release. */
  readonly previous: StoredRelease | null;
}

export interface Rendering {
  readonly overlays: Record<string, RenderedOverlay>;
  readonly errors: OverlayError[];
  readonly inputs: Record<string, OverlayInputs>;
  readonly warnings: readonly string[];
  /** Ids of what all of it was read from, by source and path. */
  readonly read: ReadonlyMap<string, ReadonlyMap<string, string | null>>;
}

/** An overlay on its way. */
interface Work {
  readonly name: string;
  readonly overlay: Overlay;
  readonly recipe: string;
  /** What was read of the sources the last time, whatever changed since. */
  readBefore?: OverlayInputs['reads'];
  found?: KnownOverlay;
  contents?: Contents;
}

interface RenderedWork {
  readonly rendered: RenderedOverlay;
  readonly reads: OverlayInputs['reads'];
  readonly warnings: readonly string[];
}

/** Most overlays kept in memory by application and name: some lines of text each. */
const MAX_KNOWN = 20_000;

/**
 * Renders each distinct overlay once, however many clusters use it, in parallel up to the cores, and stores the bundles by digest in
 * the database and on the bus. What was read of the sources is remembered by Git's own ids, here and in the release: an overlay of
 * which nothing changed is never rendered again.
 */
@Injectable()
export class RenderOverlays {
  @Inject(StepTimer) private readonly timer!: StepTimer;
  @Inject(HelmInputs) private readonly helm!: HelmInputs;
  @Inject(OverlayContents) private readonly contents!: OverlayContents;
  @Inject(Exports) private readonly exports!: Exports;
  private readonly known = new Map<string, KnownOverlay>();
  private readonly limit;
  private readonly counted;

  constructor(
    @Inject(RENDERER) private readonly renderer: Renderer,
    @Inject(SETTINGS) settings: Pick<HubSettings, 'renderConcurrency'>,
    @Inject(METRICS) metrics: Pick<Metrics, 'counter'>,
    private readonly shelf: BundleShelf,
  ) {
    this.limit = pLimit(settings.renderConcurrency);
    this.counted = metrics.counter<'how'>({
      name: 'overlays_total',
      help: 'Overlays of which a release was to be made: rendered, or reused as nothing of them changed.',
      labels: ['how'],
    });
  }

  /** Every overlay, or why there is none. Never throws for what the sources hold. */
  async render(request: RenderRequest): Promise<Rendering> {
    const works = [...request.overlays].map(([name, overlay]): Work => {
      const { application, spec, sources } = request;
      return { name, overlay, recipe: recipeOf(application, spec, overlay, sources.isChart(overlay.source)) };
    });
    await Promise.all(works.map((work) => this.findKnown(request, work)));
    const missing = works.filter(({ found }) => !found);
    this.counted.inc({ how: 'reused' }, works.length - missing.length);
    const errors: OverlayError[] = [];
    if (missing.length > 0) await this.timer.time('render', () => this.renderMissing(request, missing, errors));
    errors.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { errors, ...this.gather(request, works) };
  }

  /** Takes what was rendered before of the same things. */
  private async findKnown(request: RenderRequest, work: Work): Promise<void> {
    const { application, previous } = request;
    for (const known of [this.known.get(keyOf(application, work.name)), ofRelease(previous, work.name, work.overlay)]) {
      work.readBefore ??= known?.inputs.reads;
      if (!known || known.inputs.recipe !== work.recipe) continue;
      const contents = await this.contents.of(request, work.overlay, known.inputs.reads).catch(() => null);
      const now = revisionsOf(request, work.overlay, known);
      // Where a repository can't be asked any more, a revision that is the same has the same contents.
      if (contents ? contents.digest !== known.inputs.contents : !isSame(known.revisions, now)) continue;
      work.found = { ...known, revisions: now };
      if (contents) work.contents = contents;
      return;
    }
  }

  private async renderMissing(request: RenderRequest, missing: readonly Work[], errors: OverlayError[]): Promise<void> {
    const open = this.exports.open();
    try {
      await this.bringProbable(request, missing, open);
      const rendered = await Promise.all(
        missing.map(async (work) => {
          try {
            const isChart = request.sources.isChart(work.overlay.source);
            if (usesHelm(request.spec, isChart)) await this.renderer.prepareHelm?.();
            return { work, ...(await this.limit(() => this.renderOne(request, work, open))) };
          } catch (error) {
            errors.push(overlayError(work.name, error));
            return null;
          }
        }),
      );
      // All at once, so that it is one question to git.
      await Promise.all(rendered.flatMap((one) => (one === null ? [] : [this.settle(request, one)])));
    } finally {
      open.close();
    }
  }

  /** What all of them probably read is written at once; why it can't be is told by each of them. */
  private async bringProbable(request: RenderRequest, missing: readonly Work[], open: OpenExports): Promise<void> {
    const wanted = new Map<string, { readonly pin: PinnedSource; readonly paths: string[] }>();
    for (const { overlay, readBefore } of missing) {
      for (const [source, paths] of probableReads(overlay, readBefore)) {
        const pin = pinnedOrNull(request, overlay, source);
        if (pin === null) continue;
        const key = `${source} ${pin.revision}`;
        const all = wanted.get(key) ?? { pin, paths: [] };
        wanted.set(key, all);
        all.paths.push(...paths);
      }
    }
    await Promise.allSettled([...wanted.values()].map(({ pin, paths }) => open.part(pin, paths)));
  }

  private async renderOne(request: RenderRequest, work: Work, open: OpenExports): Promise<RenderedWork> {
    const { overlay } = work;
    const pin = request.pin(overlay, overlay.source);
    const first = probableReads(overlay, work.readBefore).get(overlay.source) ?? [];
    const { output, reads } = await readLeast(open, pin, first, async (folder) => {
      const { bases, ...rendered } = await this.renderIn(folder, request, work, open);
      const all = readsOf(overlay, rendered.output.reads, bases);
      return { made: { ...rendered, reads: all }, reads: all[overlay.source] ?? [] };
    });
    const objects = carryFiles(output.objects, output.encryptedFiles ?? new Map());
    const bundle = makeBundle(objects, { maxBytes: MAX_BUNDLE_BYTES, maxObjects: MAX_BUNDLE_OBJECTS });
    if (!bundle.ok) {
      const why = bundle.errors.map(({ message }) => message).join('; ');
      throw new RejectedError('bundle-invalid', why.slice(0, 2000));
    }
    const gzipped = await compress(bundle.json, { level: 6 });
    await this.shelf.put(bundle.digest, { gzipped, bytes: bundle.bytes, objects: bundle.count });
    this.counted.inc({ how: 'rendered' });
    return {
      rendered: { digest: bundle.digest, objects: bundle.count, bytes: bundle.bytes, tool: output.tool },
      reads,
      warnings: output.warnings.slice(0, 20),
    };
  }

  /** @param folder with the overlay's own source, or some of it */
  private async renderIn(
    folder: string,
    request: RenderRequest,
    { name, overlay }: Work,
    open: OpenExports,
  ): Promise<{ readonly output: RenderOutput; readonly bases: ReadonlySet<string> }> {
    const { application, spec, sources, previous } = request;
    const bases = new Set<string>();
    const patches = patchesOf(spec, overlay);
    const helm = usesHelm(spec, sources.isChart(overlay.source))
      ? await this.helm.of({ application, spec, overlay, name, previous }, async (source, path) =>
          source === overlay.source ? folder : (await open.part(request.pin(overlay, source), [path])).folder,
        )
      : null;
    const output = await this.renderer.render({
      folder,
      path: overlay.path,
      renderer: spec.renderer,
      ...(helm && { helm }),
      ...(patches.length > 0 && { patches }),
      baseOf: async (base) => {
        const pin = sources.baseOf(base, overlay.source);
        if (pin === null) return null;
        bases.add(pin.name);
        return { folder: await open.folder(request.pin(overlay, pin.name)) };
      },
    });
    return { output, bases };
  }

  private async settle(
    request: RenderRequest,
    { work, rendered, reads, warnings }: { work: Work } & RenderedWork,
  ): Promise<void> {
    // What can't be told now is rendered again the next time.
    const contents = await this.contents.of(request, work.overlay, reads).catch(() => null);
    const inputs: OverlayInputs = {
      ...{ recipe: work.recipe, reads, contents: contents?.digest ?? '' },
      ...(warnings.length > 0 && { warnings }),
    };
    work.found = { rendered, inputs, revisions: revisionsOf(request, work.overlay, { inputs }) };
    if (contents) work.contents = contents;
  }

  private gather({ application }: RenderRequest, works: readonly Work[]): Omit<Rendering, 'errors'> {
    const overlays: Record<string, RenderedOverlay> = {};
    const inputs: Record<string, OverlayInputs> = {};
    const warnings = new Set<string>();
    const read = new Map<string, Map<string, string | null>>();
    for (const { name, found, contents } of works) {
      if (!found) continue;
      overlays[name] = found.rendered;
      for (const warning of found.inputs.warnings ?? []) warnings.add(`Overlay "${name}": ${warning}`);
      for (const [source, path, id] of contents?.ids ?? []) {
        const ids = read.get(source) ?? new Map<string, string | null>();
        read.set(source, ids.set(path, id));
      }
      if (found.inputs.contents === '') continue;
      inputs[name] = found.inputs;
      keepNewest(this.known, keyOf(application, name), found, MAX_KNOWN);
    }
    return { overlays, inputs, warnings: [...warnings], read };
  }
}

function keyOf(application: string, overlay: string): string {
  return `${application} ${overlay}`;
}

function overlayError(path: string, error: unknown): OverlayError {
  if (error instanceof RejectedError) return { path, code: error.code, message: error.message, retryable: false };
  if (error instanceof RetryableError) return { path, code: error.code, message: error.message, retryable: true };
  return { path, code: 'render-failed', message: messageOf(error), retryable: true };
}
