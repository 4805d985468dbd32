import type { Resource } from '#contract';
import { RejectedError } from '#kit';
import type { Unit } from '#ports';

/** What the files said of one object when they were applied last. */
export interface DeclaredObject {
  readonly kind: Resource['kind'];
  readonly name: string;
  /** Path in the source. */
  readonly file: string;
  readonly document: Resource;
}

/** What was applied last, as a whole. */
export interface DeclaredFleet {
  readonly source: string;
  readonly path: string;
  /** Full commit id. */
  readonly revision: string;
  readonly at: number;
  /** Of the Fleet's spec that it was applied by. */
  readonly generation: number;
  readonly objects: readonly DeclaredObject[];
}

const KEY = 'fleet.declared';
/** The same without the objects: looked at whenever any resource changes. */
const APPLIED = 'fleet.applied';

/** Null: nothing was ever applied, or the fleet is not declared in Git any more. */
export async function readDeclared(unit: Unit): Promise<DeclaredFleet | null> {
  const text = await unit.settings.get(KEY);
  return text === null || text === '' ? null : (JSON.parse(text) as DeclaredFleet);
}

/** Which commit was applied last, and by which generation of the Fleet's spec. */
export async function readApplied(unit: Unit): Promise<Pick<DeclaredFleet, 'revision' | 'generation'> | null> {
  const text = await unit.settings.get(APPLIED);
  return text === null || text === '' ? null : (JSON.parse(text) as Pick<DeclaredFleet, 'revision' | 'generation'>);
}

/** In the transaction that applies it, or forgets it (null). */
export async function writeDeclared(unit: Unit, declared: DeclaredFleet | null): Promise<void> {
  const { revision, generation } = declared ?? {};
  await unit.settings.set(KEY, declared === null ? '' : JSON.stringify(declared));
  await unit.settings.set(APPLIED, declared === null ? '' : JSON.stringify({ revision, generation }));
}

/** Whoever applies what Git declares: `fleet:<source>`. Nobody's credential gives a name that begins so. */
const FLEET_ACTOR = /^fleet:/;

export function fleetActor(source: string): string {
  return `fleet:${source}`;
}

export function isFleetActor(actor: string): boolean {
  return FLEET_ACTOR.test(actor);
}

/** @throws RejectedError `declared-in-git` (409), naming the file. */
export type RefuseByHand = (object: Pick<DeclaredObject, 'kind' | 'name'>) => void;

/**
 * Where the fleet says that what Git declares is not to be changed by hand, each object of it is refused. The Fleet itself may always
 * be changed: it is the way out when Git is out of reach.
 */
export async function readRefusals(unit: Unit, actor: string): Promise<RefuseByHand> {
  if (FLEET_ACTOR.test(actor)) return () => undefined;
  const [fleet] = await unit.resources.list('Fleet');
  if (fleet?.spec['byHand'] !== 'refuse') return () => undefined;
  const declared = await readDeclared(unit);
  const files = new Map(declared?.objects.map(({ kind, name, file }) => [`${kind}/${name}`, file]));
  return ({ kind, name }) => {
    const file = files.get(`${kind}/${name}`);
    if (kind === 'Fleet' || file === undefined) return;
    throw new RejectedError(
      'declared-in-git',
      `${kind} "${name}" is declared by ${file} of source "${declared?.source ?? ''}", and the fleet takes no changes by hand: change that file, or set byHand: report on the Fleet`,
      { status: 409 },
    );
  };
}

/** The same for one object. @throws RejectedError `declared-in-git` (409), naming the file. */
export async function refuseByHand(
  unit: Unit,
  actor: string,
  object: Pick<DeclaredObject, 'kind' | 'name'>,
): Promise<void> {
  (await readRefusals(unit, actor))(object);
}
