/** What an application says of a custom resource's health: CEL over `object`, the live object. */
export interface HealthRule {
  /** `group/Kind`, as in `postgresql.cnpg.io/Cluster`. */
  readonly kind: string;
  /** Asked in this order; the first that is true decides. Where none is: progressing if `healthy` is given, else the common rules. */
  readonly failed?: string;
  readonly suspended?: string;
  readonly progressing?: string;
  readonly healthy?: string;
  /** A text to say beside the verdict. */
  readonly message?: string;
}

/** Most characters of one expression. */
export const MAX_HEALTH_EXPRESSION = 500;
