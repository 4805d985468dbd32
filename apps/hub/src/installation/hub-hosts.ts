import type { HubConfig } from '../hub.config.js';

/** Every host by which somebody reaches the hub or its bus: they go into the certificate. */
export function hostsOf(config: HubConfig): { names: string[]; ips: string[] } {
  const hosts = [config.host, config.natsHost];
  for (const url of [config.publicUrl, config.natsPublicUrl, config.natsUrl])
    if (url !== undefined) hosts.push(new URL(url).hostname);
  const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);
  const known = hosts.map((host) => host.replace(/^\[|\]$/g, '')).filter((host) => host !== '0.0.0.0' && host !== '::');
  return { names: known.filter((host) => !isAddress(host)), ips: known.filter(isAddress) };
}
