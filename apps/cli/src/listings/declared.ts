/** A declared object as the hub shows it. */
export interface Declared<Spec, Status> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly generation?: number;
    readonly createdAt?: string;
    readonly updatedAt?: string;
  };
  readonly spec: Spec;
  readonly status?: Partial<Status>;
}
