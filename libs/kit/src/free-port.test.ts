import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { freePort, requireFreePort } from './free-port.js';

it('finds a port that can be listened on', async () => {
  const port = await freePort();
  await expect(requireFreePort(port, '127.0.0.1', 'FLOTILLA_PORT')).resolves.toBeUndefined();
});

it('names a taken port and the setting that chooses another', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(requireFreePort(port, '127.0.0.1', 'FLOTILLA_PORT')).rejects.toMatchObject({
    code: 'port-unavailable',
    message: `Port ${port} of 127.0.0.1 is taken by another process: set FLOTILLA_PORT to another one.`,
  });
  server.close();
});

it('says when an address is not this machine’s', async () => {
  await expect(requireFreePort(4222, '192.0.2.1', 'FLOTILLA_HOST')).rejects.toThrow(/this machine does not have/);
});
