import { describe, expect, it } from '@jest/globals';
import { addressRefusal } from './local-addresses.js';

describe('an address that a gate names', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.1.1',
    '::1',
    '::',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
  ])('is refused where it is the hub itself or its link: %s', (address) => {
    expect(addressRefusal(address, false)).toMatch(/FLOTILLA_GATES_ALLOW_LOCAL/);
    expect(addressRefusal(address, true)).toBeNull();
  });

  it.each(['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', '100.100.100.200'])(
    'is refused by every setting where clouds hand out credentials: %s',
    (address) => {
      expect(addressRefusal(address, false)).toMatch(/credentials/);
      expect(addressRefusal(address, true)).toMatch(/credentials/);
    },
  );

  it.each(['10.0.0.7', '192.168.1.9', '203.0.113.5', 'fd12::7', '2001:db8::1'])(
    'is called elsewhere, in a private network too, where Prometheus mostly is: %s',
    (address) => {
      expect(addressRefusal(address, false)).toBeNull();
    },
  );
});
