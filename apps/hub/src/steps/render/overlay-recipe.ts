import type { ApplicationSpec } from '#contract';
import { digestOf, type JsonValue, type Overlay } from '#domain';
import type { RenderPatch } from '#ports';

/** Raised when the same input is to be rendered to something else. */
const VERSION = 2;

/** Whether an application's overlays are rendered by Helm. */
export function usesHelm({ renderer, helm }: Pick<ApplicationSpec, 'renderer' | 'helm'>, isChart: boolean): boolean {
  return renderer === 'helm' || (renderer === 'auto' && (helm !== undefined || isChart));
}

/**
 * Pure: a digest of everything that decides what an overlay renders to, besides what lies in the sources. Which clusters take it is no
 * part of it.
 */
export function recipeOf(
  application: string,
  spec: Pick<ApplicationSpec, 'renderer' | 'helm' | 'namespace' | 'patches'>,
  overlay: Overlay,
  isChart: boolean,
): string {
  const { environment: _, ...inputs } = overlay;
  const recipe = {
    version: VERSION,
    renderer: spec.renderer,
    inputs,
    patches: patchesOf(spec, overlay),
    ...(usesHelm(spec, isChart) && {
      helm: {
        // Which files there are is the overlay's.
        ...{ ...spec.helm, valuesFiles: null },
        releaseName: spec.helm?.releaseName ?? application,
        namespace: spec.namespace,
      },
    }),
  };
  // What is not told is left out, as it is in JSON.
  return digestOf(JSON.parse(JSON.stringify(recipe)) as JsonValue);
}

/** The application's patches that an overlay has, in their order. */
export function patchesOf(
  { patches = [] }: Pick<ApplicationSpec, 'patches'>,
  { patches: indexes = [] }: Overlay,
): readonly RenderPatch[] {
  return indexes.flatMap((index) => {
    const found = patches[index];
    if (!found) return [];
    const { target, patch } = found;
    return [{ ...(target !== undefined && { target }), patch, field: `spec.patches[${index}]` }];
  });
}
