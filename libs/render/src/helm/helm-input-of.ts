import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { BugError, RejectedError } from '#kit';
import type { HelmInput } from '#ports';
import type { Inside } from '../resolve-inside.js';

/** What is to be rendered as a chart must come with what it is rendered with. */
export function helmInputOf(input: HelmInput | undefined): HelmInput {
  if (input === undefined) throw new BugError('render-helm', 'A chart is to be rendered without its release name.');
  return input;
}

/**
 * A chart's folder holds Chart.yaml and values.yaml, which are no objects of Kubernetes.
 * @throws RejectedError `helm-failed`
 */
export async function refuseBareChart({ real, relative }: Inside): Promise<void> {
  const isChart = await lstat(path.join(real, 'Chart.yaml')).then(
    () => true,
    () => false,
  );
  if (!isChart) return;
  throw new RejectedError(
    'helm-failed',
    `${relative} is a Helm chart: set spec.helm, which may be empty ({}), or spec.renderer to helm.`,
  );
}
