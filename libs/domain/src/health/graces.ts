/** A registry may stammer for a moment; so may a secret that comes a moment after its pod. */
export const IMAGE_GRACE_MS = 20_000;
/** The controller of an older Kubernetes (1.28) takes a finished run off its list in one turn and notes its success in the next. */
export const CRON_GRACE_MS = 20_000;
/** A fresh pod has no metrics for a while, and its autoscaler says so. */
export const METRICS_GRACE_MS = 2 * 60_000;
/** A route, its gateway, its services and its certificate come in any order. */
export const REFERENCE_GRACE_MS = 2 * 60_000;
/** An autoscaler needs minutes to bring a node. */
export const UNSCHEDULABLE_GRACE_MS = 5 * 60_000;

/** When a trouble that lasts (`troubleOf`) may change a verdict by time alone, in milliseconds, ascending. */
export const HEALTH_GRACES_MS: readonly number[] = [
  ...new Set([IMAGE_GRACE_MS, CRON_GRACE_MS, METRICS_GRACE_MS, REFERENCE_GRACE_MS, UNSCHEDULABLE_GRACE_MS]),
].sort((a, b) => a - b);
