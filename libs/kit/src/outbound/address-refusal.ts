import { BlockList, isIP } from 'node:net';

/** What a caller of addresses that a user wrote may call. */
export interface OutboundRules {
  /** Whether the hub's own machine and link may be called; where clouds hand out credentials is called by no rule. */
  readonly allowLocal: boolean;
  /** Whether private networks are closed too, unless `allowLocal`: for hosts that no user wrote, but a server that one named. */
  readonly publicOnly?: boolean;
  /** The setting that allows it, for what a refusal says. */
  readonly setting: string;
}

/** IPv4 as IPv6 carries it through NAT64 and 6to4, and as it was once written; mapped ones are known to BlockList itself. */
const carriers: readonly ((hex: string) => readonly [network: string, before: number])[] = [
  (hex) => [`::${hex}`, 96],
  (hex) => [`64:ff9b::${hex}`, 96],
  (hex) => [`2002:${hex}::`, 16],
];

function blocked(ip4: readonly (readonly [network: string, prefix: number])[], ip6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ip4) {
    list.addSubnet(network, prefix, 'ipv4');
    const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
    const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    for (const carrier of carriers) {
      const [carried, before] = carrier(hex);
      list.addSubnet(carried, before + prefix, 'ipv6');
    }
  }
  for (const each of ip6) {
    const [network = '', prefix = '128'] = each.split('/');
    list.addSubnet(network, Number(prefix), 'ipv6');
  }
  return list;
}

/**
 * This machine, its own link, and what reaches everybody on it: whoever may write a source or a strategy must not reach the hub's
 * neighbours through the hub.
 */
const local = blocked(
  [
    ['0.0.0.0', 8],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
  ['::', '::1', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
);

/** Networks of somebody's own: where a user's sources mostly are, and where nobody else has to send the hub. */
const inner = blocked(
  [
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
  ],
  ['fc00::/7'],
);

/** Where clouds hand out credentials: nothing that a user names is there, so no setting lets one through. */
const metadata = blocked(
  [
    ['169.254.169.254', 32],
    ['169.254.170.2', 32],
    ['169.254.170.23', 32],
    ['100.100.100.200', 32],
    ['192.0.0.192', 32],
  ],
  ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'],
);

/** Why the hub does not call an address; null: it may. IPv4 addresses that are written as IPv6 count as what they are. */
export function addressRefusal(
  address: string,
  { allowLocal, publicOnly = false, setting }: OutboundRules,
): string | null {
  const version = isIP(address);
  if (version === 0) return 'is no address that can be read';
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (metadata.check(address, family)) return 'is where a cloud hands out credentials';
  if (allowLocal) return null;
  if (local.check(address, family))
    return `is the hub's own machine or link, which is called only where ${setting} is set`;
  if (publicOnly && inner.check(address, family)) {
    return `is in a private network, where the hub calls only hosts that a source itself names, unless ${setting} is set`;
  }
  return null;
}
