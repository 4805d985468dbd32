import { BlockList, isIP } from 'node:net';

/** This machine and its own link: whoever may write a strategy must not reach the hub's neighbours through the hub. */
const local = new BlockList();
local.addSubnet('0.0.0.0', 8, 'ipv4');
local.addSubnet('127.0.0.0', 8, 'ipv4');
local.addSubnet('169.254.0.0', 16, 'ipv4');
local.addAddress('::', 'ipv6');
local.addAddress('::1', 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');
// The same through NAT64 and 6to4.
local.addSubnet('64:ff9b::7f00:0', 104, 'ipv6');
local.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
local.addSubnet('2002:7f00::', 24, 'ipv6');
local.addSubnet('2002:a9fe::', 32, 'ipv6');

/** Where clouds hand out credentials: no gate is there, so no setting lets one through. */
const metadata = new BlockList();
metadata.addAddress('169.254.169.254', 'ipv4');
metadata.addAddress('169.254.170.2', 'ipv4');
metadata.addAddress('169.254.170.23', 'ipv4');
metadata.addAddress('100.100.100.200', 'ipv4');
metadata.addAddress('192.0.0.192', 'ipv4');
metadata.addAddress('fd00:ec2::254', 'ipv6');
metadata.addAddress('fd00:ec2::23', 'ipv6');
metadata.addAddress('fd20:ce::254', 'ipv6');

/** Why the hub does not call an address; null: it may. IPv4 addresses that are written as IPv6 count as what they are. */
export function addressRefusal(address: string, allowLocal: boolean): string | null {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (metadata.check(address, family)) return 'is where a cloud hands out credentials';
  if (allowLocal || !local.check(address, family)) return null;
  return "is the hub's own machine or link; FLOTILLA_GATES_ALLOW_LOCAL lets gates be there";
}
