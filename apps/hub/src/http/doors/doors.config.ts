import { isIP } from 'node:net';
import { z } from 'zod';
import { integerSetting, setting } from '#kit';

const isNetwork = (text: string): boolean => {
  const [address = '', bits, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

/** How much of whom the API takes. */
export const doorSettings = {
  rateCaller: setting(integerSetting(1, 1_000_000).default(100), {
    env: 'FLOTILLA_RATE_CALLER',
    description: 'Requests a second of one caller, over ten seconds.',
  }),
  rateAddress: setting(integerSetting(1, 1_000_000).default(50), {
    env: 'FLOTILLA_RATE_ADDRESS',
    description: 'Requests a second from one address without a credential that is known, over ten seconds.',
  }),
  rateAgents: setting(integerSetting(1, 1_000_000).default(200), {
    env: 'FLOTILLA_RATE_AGENTS',
    description: 'Joins and renewals a second from one address, over ten seconds: a fleet may be behind one.',
  }),
  rateFailures: setting(integerSetting(1, 1_000_000).default(30), {
    env: 'FLOTILLA_RATE_FAILURES',
    description: 'Wrong credentials a minute from one address, and uses of one wrong join token.',
  }),
  trustedProxies: setting(
    z
      .string()
      .max(4096)
      .transform((text) => text.split(',').map((part) => part.trim()))
      .refine(
        (parts) => parts.every(isNetwork),
        'must be IP addresses or networks such as 10.0.0.0/8, separated by commas',
      )
      .optional(),
    {
      env: 'FLOTILLA_TRUSTED_PROXIES',
      description: 'Proxies before the hub, whose X-Forwarded-For tells the address that a request is from.',
      defaultText: 'none: the address of the connection counts',
    },
  ),
};

export type DoorSettings = z.output<z.ZodObject<typeof doorSettings>>;
