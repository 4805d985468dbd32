import type { HubConfig } from '../hub.config.js';

/** Every host by which somebody reaches the hub or its bus: they go into the certificate. */
export function hostsOf(config: HubConfig): { names: string[]; ips: string[] } {
  const urls = [config.publicUrl, config.natsPublicUrl, config.natsUrl].flatMap((urls) => splitList(urls ?? ''));
  return kindsOf([config.host, config.natsHost, ...urls.map((url) => new URL(url).hostname)]);
}

/** Names apart from addresses; "every address" is neither. */
export function kindsOf(hosts: readonly string[]): { names: string[]; ips: string[] } {
  const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);
  const known = hosts.map((host) => host.replace(/^\[|\]$/g, '')).filter((host) => host !== '0.0.0.0' && host !== '::');
  return { names: known.filter((host) => !isAddress(host)), ips: known.filter(isAddress) };
}

/** `a,b` as a setting with several values has it. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
