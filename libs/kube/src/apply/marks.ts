/** The field manager of everything that is applied. */
export const FIELD_MANAGER = 'flotilla';

/** Label: the application that owns the object. */
export const APPLICATION_LABEL = 'flotilla.dev/application';
/** Annotation `disabled`: never deleted by us, whatever Git says. */
export const PRUNE_ANNOTATION = 'flotilla.dev/prune';
/** Annotation `enabled`: may be taken from the application that owns it now. */
export const ADOPT_ANNOTATION = 'flotilla.dev/adopt';
/** Annotation `enabled`: deleted and made anew where a change meets an immutable field. */
export const RECREATE_ANNOTATION = 'flotilla.dev/recreate';
/** Annotation, a whole number: a finer order within a stage; 0 unless told. */
export const SYNC_WAVE_ANNOTATION = 'flotilla.dev/sync-wave';
/** Annotation that the agent puts on a hook: the run that it was made by. */
export const HOOK_RUN_ANNOTATION = 'flotilla.dev/hook-run';
/** Helm's annotation `keep`: not deleted with the release that no longer has it. */
export const RESOURCE_POLICY_ANNOTATION = 'helm.sh/resource-policy';
/** Annotation that the agent puts on what was encrypted in Git and is no Secret: its values are told to nobody. */
export const SEALED_ANNOTATION = 'flotilla.dev/encrypted';
/** Label of the agent's own Secrets. */
export const PART_OF_LABEL = 'flotilla.dev/part-of';
