export interface SettingStore {
  /** Small facts of the hub itself: when it was last alive, its instance id. */
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
}
