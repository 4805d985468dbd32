import type { Freeze } from '#domain';

export interface FreezeStore {
  /** The fleet's freeze, whether or not its `until` has passed: the engine looks at that. One read by key, 0.2 ms. */
  get(): Promise<Freeze | null>;
  /** Over one that is there. */
  set(freeze: Freeze): Promise<void>;
  /** False: there was none. */
  clear(): Promise<boolean>;
}
