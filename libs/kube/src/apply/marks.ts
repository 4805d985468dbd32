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
/** Label of the agent's own Secrets. */
export const PART_OF_LABEL = 'flotilla.dev/part-of';
