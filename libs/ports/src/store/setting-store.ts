export interface SettingStore {
  /** Small facts of the hub itself: when it was last alive, its instance id. */
  get(key: string): Promise<string | null>;
  /** Those of the keys that are set, in one statement. */
  of(keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  set(key: string, value: string): Promise<void>;
}
