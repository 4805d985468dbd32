import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { makeBundle } from '#domain';
import { MAX_BUNDLE_BYTES, MAX_BUNDLE_OBJECTS } from '#contract';
import { messageOf, RejectedError, RetryableError } from '#kit';
import type { GitRepository, GitSource, Renderer, RendererKind } from '#ports';
import { GIT_SOURCE, RENDERER, SETTINGS, type HubSettings } from '../../parts.js';
import { StepTimer } from '../step-timer.js';
import { BundleShelf } from './bundle-shelf.js';

const compress = promisify(gzip);

/** One overlay of one commit, rendered and stored. */
export interface RenderedOverlay {
  readonly digest: string;
  readonly objects: number;
  readonly bytes: number;
  readonly tool: string;
}

export interface OverlayError {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  /** Whether the same input may render later. */
  readonly retryable: boolean;
}

export interface RenderRequest {
  readonly repository: GitRepository;
  readonly sha: string;
  readonly renderer: RendererKind;
  readonly paths: readonly string[];
}

/** Most overlays kept in memory by (commit, path, renderer): one line of text each. */
const MAX_KNOWN = 20_000;

/**
 * Renders each distinct overlay of a commit once, however many clusters use it, in parallel up to the cores, and stores
 * the bundles by digest in the database and on the bus.
 */
@Injectable()
export class RenderOverlays {
  @Inject(StepTimer) private readonly timer!: StepTimer;
  private readonly known = new Map<string, RenderedOverlay>();
  private readonly limit;

  constructor(
    @Inject(GIT_SOURCE) private readonly git: GitSource,
    @Inject(RENDERER) private readonly renderer: Renderer,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly shelf: BundleShelf,
  ) {
    this.limit = pLimit(settings.renderConcurrency);
  }

  /** What was rendered before and is stored still: fills the memory after a start. */
  remember(
    request: Omit<RenderRequest, 'paths' | 'repository'>,
    overlays: Readonly<Record<string, RenderedOverlay>>,
  ): void {
    for (const [path, overlay] of Object.entries(overlays)) this.keep(keyOf(request, path), overlay);
  }

  /** Every path's overlay, or why it has none. Never throws for what the repository holds. */
  async render(request: RenderRequest): Promise<{ overlays: Record<string, RenderedOverlay>; errors: OverlayError[] }> {
    const overlays: Record<string, RenderedOverlay> = {};
    const errors: OverlayError[] = [];
    const missing: string[] = [];
    for (const path of request.paths) {
      const known = this.known.get(keyOf(request, path));
      if (known) overlays[path] = known;
      else missing.push(path);
    }
    if (missing.length > 0)
      await this.timer.time('render', () => this.renderMissing(request, missing, overlays, errors));
    errors.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { overlays, errors };
  }

  private async renderMissing(
    request: RenderRequest,
    missing: readonly string[],
    overlays: Record<string, RenderedOverlay>,
    errors: OverlayError[],
  ): Promise<void> {
    const folder = await mkdtemp(join(this.settings.scratchFolder, 'tree-'));
    try {
      await this.git.export({ ...request.repository, sha: request.sha }, folder);
      await Promise.all(
        missing.map((path) =>
          this.limit(async () => {
            try {
              const overlay = await this.renderOne(folder, path, request.renderer);
              this.keep(keyOf(request, path), overlay);
              overlays[path] = overlay;
            } catch (error) {
              errors.push(overlayError(path, error));
            }
          }),
        ),
      );
    } catch (error) {
      for (const path of missing) errors.push(overlayError(path, error));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async renderOne(folder: string, path: string, renderer: RendererKind): Promise<RenderedOverlay> {
    const output = await this.renderer.render({ folder, path, renderer });
    const bundle = makeBundle(output.objects, { maxBytes: MAX_BUNDLE_BYTES, maxObjects: MAX_BUNDLE_OBJECTS });
    if (!bundle.ok) {
      throw new RejectedError(
        'bundle-invalid',
        bundle.errors
          .map(({ message }) => message)
          .join('; ')
          .slice(0, 2000),
      );
    }
    const gzipped = await compress(bundle.json, { level: 6 });
    await this.shelf.put(bundle.digest, { gzipped, bytes: bundle.bytes, objects: bundle.count });
    return { digest: bundle.digest, objects: bundle.count, bytes: bundle.bytes, tool: output.tool };
  }

  private keep(key: string, overlay: RenderedOverlay): void {
    if (this.known.size >= MAX_KNOWN) {
      const oldest = this.known.keys().next().value;
      if (oldest !== undefined) this.known.delete(oldest);
    }
    this.known.set(key, overlay);
  }
}

function keyOf({ sha, renderer }: Omit<RenderRequest, 'paths' | 'repository'>, path: string): string {
  return `${sha} ${renderer} ${path}`;
}

function overlayError(path: string, error: unknown): OverlayError {
  if (error instanceof RejectedError) return { path, code: error.code, message: error.message, retryable: false };
  if (error instanceof RetryableError) return { path, code: error.code, message: error.message, retryable: true };
  return { path, code: 'render-failed', message: messageOf(error), retryable: true };
}
