import type { JsonObject } from '#domain';

export type RendererKind = 'auto' | 'kustomize' | 'yaml';

export interface RenderInput {
  /** Folder with the whole commit, as GitSource.export wrote it. */
  readonly folder: string;
  /** The overlay's path in it, relative, no `..`. */
  readonly path: string;
  /**
   * `auto`: kustomize where the path holds a kustomization file, else plain YAML: the `*.yaml`, `*.yml` and `*.json` files of the folder
   * itself in the order of their names, as `kubectl apply -f FOLDER` reads them; folders in it are not read.
   */
  readonly renderer: RendererKind;
}

export interface RenderOutput {
  /** As the program printed them, in its order, not yet validated as a bundle. */
  readonly objects: readonly JsonObject[];
  /** What rendered it, as `kustomize v5.8.1` or `yaml`. */
  readonly tool: string;
}

export interface Renderer {
  /**
   * Bounded in time, memory and output, with no network where the system allows, and never outside `folder`.
   * @throws RejectedError `path-not-found`, `yaml-invalid`, `kustomize-failed`, `remote-base`, `path-escapes`, `output-too-large`,
   * `timed-out`, each with a message that names file and reason, free of the scratch folder's own path. RetryableError `program-missing`.
   */
  render(input: RenderInput): Promise<RenderOutput>;
}
