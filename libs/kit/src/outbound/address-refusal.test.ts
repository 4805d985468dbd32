import { describe, expect, it } from '@jest/globals';
import { addressRefusal } from './address-refusal.js';

const everywhere = { allowLocal: false, setting: 'FLOTILLA_GATES_ALLOW_LOCAL' };
const local = { ...everywhere, allowLocal: true };

describe('an address that a user names', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::1',
  ])('is refused where it is the hub itself or its link: %s', (address) => {
    expect(addressRefusal(address, everywhere)).toMatch(/FLOTILLA_GATES_ALLOW_LOCAL/);
    expect(addressRefusal(address, local)).toBeNull();
  });

  it.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    'fd00:ec2::254',
    '100.100.100.200',
  ])('is refused by every setting where clouds hand out credentials: %s', (address) => {
    expect(addressRefusal(address, everywhere)).toMatch(/credentials/);
    expect(addressRefusal(address, local)).toMatch(/credentials/);
  });

  it.each(['10.0.0.7', '192.168.1.9', '203.0.113.5', 'fd12::7', '2001:db8::1', '64:ff9b::a00:7', '::ffff:10.0.0.7'])(
    'is called elsewhere, in a private network too, where Prometheus and Git mostly are: %s',
    (address) => {
      expect(addressRefusal(address, everywhere)).toBeNull();
    },
  );

  it.each(['10.0.0.7', '172.31.0.1', '192.168.1.9', '100.64.0.1', 'fd12::7', '::ffff:10.0.0.7', '64:ff9b::a00:7'])(
    'is refused in a private network where a server named it, and no user: %s',
    (address) => {
      const named = { ...everywhere, publicOnly: true };
      expect(addressRefusal(address, named)).toMatch(/private network.*FLOTILLA_GATES_ALLOW_LOCAL/);
      expect(addressRefusal(address, { ...named, allowLocal: true })).toBeNull();
      expect(addressRefusal('203.0.113.5', named)).toBeNull();
    },
  );

  it.each(['', 'localhost', '127.1', '0x7f000001'])('is refused where it is no address at all: "%s"', (text) => {
    expect(addressRefusal(text, local)).toMatch(/no address/);
  });
});
