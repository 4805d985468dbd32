import type { BusKeysSource } from '#bus';
import type { HubConfig } from '../hub.config.js';

/** Where the settings have the bus keys: in a file, in the environment, or unless told in `folder`, made there. */
export function busKeysOf(config: Pick<HubConfig, 'natsKeys' | 'natsKeysFile'>, folder: string): BusKeysSource {
  const { natsKeys: text, natsKeysFile: file } = config;
  return {
    folder,
    ...(text !== undefined && { text: { value: text, setting: 'FLOTILLA_NATS_KEYS' } }),
    ...(file !== undefined && { file: { path: file, setting: 'FLOTILLA_NATS_KEYS_FILE' } }),
  };
}
