import { Injectable } from '@nestjs/common';
import { helmSchema, type ApplicationSpec } from '#contract';
import type { JsonObject, Overlay } from '#domain';
import { BugError } from '#kit';
import type { HelmInput, StoredRelease } from '#ports';
import { BundleShelf } from './bundle-shelf.js';
import { ServedApis } from './served-apis.js';

/** What a chart is rendered with for the clusters of one overlay. */
@Injectable()
export class HelmInputs {
  constructor(
    private readonly shelf: BundleShelf,
    private readonly apis: ServedApis,
  ) {}

  /**
   * @param name the overlay's.
   * @param folderOf a folder with a path of a source at least.
   * @throws what `folderOf` throws.
   */
  async of(
    {
      application,
      spec,
      overlay,
      name,
      previous,
    }: {
      readonly application: string;
      readonly spec: Pick<ApplicationSpec, 'helm' | 'namespace'>;
      readonly overlay: Overlay;
      readonly name: string;
      readonly previous: StoredRelease | null;
    },
    folderOf: (source: string, path: string) => Promise<string>,
  ): Promise<HelmInput> {
    const helm = spec.helm ?? helmSchema.parse({});
    const { source, kubernetes } = overlay;
    if (kubernetes === undefined) throw new BugError('no-kube-version', `overlay ${name} has no Kubernetes version`);
    const before = helm.random === 'keep' ? await this.before(name, previous) : null;
    return {
      releaseName: helm.releaseName ?? application,
      namespace: spec.namespace,
      valuesFiles: await Promise.all(
        (overlay.values ?? []).map(async ({ source: other = source, path, optional = false }) => ({
          folder: await folderOf(other, path),
          path,
          optional,
          name: `${other}:${path}`,
        })),
      ),
      values: helm.values ?? {},
      kubeVersion: kubernetes,
      apiVersions: [...new Set([...(await this.apis.of(overlay.apis)), ...helm.apiVersions])],
      includeCrds: !helm.skipCrds,
      random: helm.random,
      ...(before && { previous: before }),
    };
  }

  /** The objects of the release before; those of another Kubernetes version where the clusters had that. */
  private async before(name: string, previous: StoredRelease | null): Promise<readonly JsonObject[] | null> {
    const overlays = previous?.overlays ?? {};
    const place = withoutVersions(name);
    const digest =
      overlays[name]?.digest ??
      Object.entries(overlays).find(([other]) => withoutVersions(other) === place)?.[1].digest;
    return digest === undefined ? null : this.shelf.objects(digest);
  }
}

function withoutVersions(overlay: string): string {
  return overlay.replace(/[?&](kubernetes|apis)=[^&]*/g, '');
}
