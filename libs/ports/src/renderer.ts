import type { JsonObject } from '#domain';

export type RendererKind = 'auto' | 'kustomize' | 'helm' | 'yaml';

/** A patch as kustomize takes it. */
export interface RenderPatch {
  readonly target?: {
    readonly group?: string | undefined;
    readonly version?: string | undefined;
    readonly kind?: string | undefined;
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
    readonly labelSelector?: string | undefined;
    readonly annotationSelector?: string | undefined;
  };
  /** YAML: RFC 6902 operations, or a strategic merge patch. */
  readonly patch: string;
  /** `spec.patches[2]`: what an error names it. */
  readonly field: string;
}

/** What a Helm chart is rendered with. */
export interface HelmInput {
  readonly releaseName: string;
  readonly namespace: string;
  /** Later ones win. */
  readonly valuesFiles: readonly {
    /** Folder that it is in, with the whole commit of its source. */
    readonly folder: string;
    readonly path: string;
    readonly optional: boolean;
    /** `config:web/prod.yaml`: what an error names it. */
    readonly name: string;
  }[];
  /** Win over all files. */
  readonly values: JsonObject;
  /** `1.33`; the patch number is of no account. */
  readonly kubeVersion: string;
  /** `apps/v1`, `apps/v1/Deployment`. */
  readonly apiVersions: readonly string[];
  readonly includeCrds: boolean;
  /**
   * Whether this render is looked at for what a chart makes up: it is rendered twice. `keep`: what differs is taken from `previous`,
   * where that has the same object and field.
   */
  readonly random: 'refuse' | 'keep';
  /** Objects of the release before, for `keep`. */
  readonly previous?: readonly JsonObject[];
}

/** A base that a kustomization names by a URL. */
export interface RemoteBase {
  /** The repository's URL, without the folder in it and without what is asked of it. */
  readonly url: string;
  /** What the URL's `ref` or `version` says; absent: nothing. */
  readonly ref?: string;
}

export interface RenderInput {
  /** Folder with the whole commit, as GitSource.export wrote it. */
  readonly folder: string;
  /** The overlay's path in it, relative, no `..`. */
  readonly path: string;
  /**
   * `auto`: helm where `helm` is given; kustomize where the path holds a kustomization file; else plain YAML: the `*.yaml`, `*.yml` and `*.json` files of the folder
   * itself in the order of their names, as `kubectl apply -f FOLDER` reads them; folders in it are not read.
   */
  readonly renderer: RendererKind;
  readonly helm?: HelmInput;
  /** Applied one after the other to what was rendered, whatever rendered it. */
  readonly patches?: readonly RenderPatch[];
  /** Folder with the pinned commit of a declared source that has such a URL; null: there is none, and the base is refused. Absent: none has. */
  readonly baseOf?: (base: RemoteBase) => Promise<{ readonly folder: string } | null>;
}

export interface RenderOutput {
  /** As the program printed them, in its order, not yet validated as a bundle. Helm's hooks bear their annotations. */
  readonly objects: readonly JsonObject[];
  /** What rendered it, as `kustomize v5.8.1`, `helm v4.3.1` or `yaml`. */
  readonly tool: string;
  /**
   * Files and folders of `folder` that it depends on, in order: as long as all of these are as they are, it renders the same. A folder stands for all that is in it;
   * a path where nothing is would matter if something were. What is read of other commits, of bases and values files, is not among them.
   */
  readonly reads: readonly string[];
  /**
   * Files that SOPS encrypted and that objects came of, as they stand in Git, by the code over all their values (`sealOf` of the object).
   * Absent: there are none.
   */
  readonly encryptedFiles?: ReadonlyMap<string, string>;
  /** What was left out or is not as its author may think, as sentences; at most 20. */
  readonly warnings: readonly string[];
}

export interface Renderer {
  /**
   * Resolves once charts can be rendered, which takes minutes where Helm is to be built: whoever bounds how many renders there are at once waits for it without
   * taking a place. Absent: there is nothing to wait for.
   * @throws RetryableError `program-missing`
   */
  prepareHelm?(): Promise<void>;

  /**
   * Bounded in time, memory and output, with no network where the system allows, and never outside `folder`.
   * @throws RejectedError `path-not-found`, `yaml-invalid`, `kustomize-failed`, `helm-failed`, `helm-random`, `helm-lookup`, `values-not-found`, `dependency-missing`, `patch-failed`,
   * `remote-base`, `path-escapes`, `output-too-large`, `timed-out`, each with a message that names file and reason, free of the scratch folder's own path.
   * RetryableError `program-missing`. Where what a text names is not there, `details.missingPath` tells what that is, relative to `folder`.
   */
  render(input: RenderInput): Promise<RenderOutput>;
}
