import type { JsonObject, ManifestApplication } from '#domain';
import type { Discovery, InventoryEntry, MarkValue, ObjectError, SecretMask } from '#kube';
import type { Kube } from '#ports';
import type { ApplicationRules } from '../apply/application-rules.js';
import type { Reach } from '../apply/reach.js';
import type { TrackedObject } from '../apply/tracked-object.js';
import { cut } from '../report/compose-report.js';

/** What an application's worker knows, for answers to be made of. Nothing of it is changed by that. */
export interface Inspected {
  readonly application: string;
  /** Whose objects the others are; null: none is held yet. */
  readonly held: { readonly assignment: ManifestApplication; objects(): Promise<readonly JsonObject[]> } | null;
  /** By key; empty until the cluster was looked at. */
  readonly tracked: ReadonlyMap<string, TrackedObject>;
  /** Whose objects these are; -1: nobody's. */
  readonly trackedGeneration: number;
  readonly inventory: readonly InventoryEntry[];
  /** What the last pass failed with. */
  readonly errors: readonly ObjectError[];
  /** How the health of its custom resources is told. */
  readonly rules: Pick<ApplicationRules, 'judgeOf'>;
  readonly mask: SecretMask;
}

/** What every answer is made with. */
export interface AnswerInput {
  readonly inspected: Inspected;
  /** Reads, and nothing else. */
  readonly kube: Kube;
  readonly discovery: Discovery;
  /** Of the agent itself. */
  readonly namespace: string;
  /** Where the agent may work. */
  readonly reach: Reach;
  /** A mark that stands for a Secret's value. */
  readonly mark: MarkValue;
  /** For how long it has been asked for, ms. */
  readonly usedMs: () => number;
  /** The answer is due: it aborts when nobody waits any longer. */
  readonly signal: AbortSignal;
}

/** What every answer says first. */
export function answerHead({ held }: Inspected): { readonly generation: number; readonly revision: string } {
  return { generation: held?.assignment.generation ?? -1, revision: held?.assignment.revision ?? '' };
}

/** What was left out, in one text; nothing where nothing was. */
export function truncatedBy(notes: readonly string[]): { readonly truncated?: string } {
  if (notes.length === 0) return {};
  return { truncated: cut(notes.join('; '), 500) };
}
