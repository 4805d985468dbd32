import type { Manifest, ManifestApplication } from '#domain';

/** What is held of an application. */
export type HeldApplication = Pick<ManifestApplication, 'generation' | 'digest' | 'release'>;

export type ApplicationDecision =
  /** A newer generation. */
  | { readonly act: 'take'; readonly name: string; readonly assignment: ManifestApplication }
  /** The generation that is held; its terms may have changed. */
  | { readonly act: 'keep'; readonly name: string; readonly assignment: ManifestApplication }
  | {
      readonly act: 'refuse';
      readonly name: string;
      readonly assignment: ManifestApplication;
      readonly message: string;
    }
  /** Not in the manifest: no longer enforced nor reported, and never deleted. */
  | { readonly act: 'release'; readonly name: string };

/** What a verified manifest means for each application, one by one: a refused one does not hold up the others. */
export function decideApplications(
  held: ReadonlyMap<string, HeldApplication>,
  manifest: Manifest,
): readonly ApplicationDecision[] {
  const decisions: ApplicationDecision[] = [];
  for (const [name, assignment] of Object.entries(manifest.applications)) {
    const present = held.get(name);
    const refuse = (message: string): number => decisions.push({ act: 'refuse', name, assignment, message });
    if (assignment.release !== null && assignment.digest === '') {
      refuse('the manifest names no bundle for it');
    } else if (present === undefined || assignment.generation > present.generation) {
      decisions.push({ act: 'take', name, assignment });
    } else if (assignment.generation < present.generation) {
      refuse(`generation ${assignment.generation} is lower than ${present.generation}, which is held`);
    } else if (assignment.digest !== present.digest || (assignment.release === null) !== (present.release === null)) {
      refuse(`generation ${assignment.generation} is held already with another bundle`);
    } else {
      decisions.push({ act: 'keep', name, assignment });
    }
  }
  for (const name of held.keys()) {
    if (!Object.hasOwn(manifest.applications, name)) decisions.push({ act: 'release', name });
  }
  return decisions;
}
