import { connect as connectTls, type TLSSocket } from 'node:tls';
import { nkeyFromSeed } from '../../libs/bus/src/nkey.js';
import type { HostileScene } from './hostile-agent.scene.js';

/** An agent's connection that is let in, and from then on takes nothing from its socket. */
export class StalledReader {
  private constructor(
    private readonly socket: TLSSocket,
    private readonly me: string,
  ) {}

  static async open(scene: HostileScene): Promise<StalledReader> {
    const { me, credential: jwt, seed, broker } = scene;
    const { port } = broker.nats;
    const socket = connectTls({ host: '127.0.0.1', port, ca: broker.certificates.caPem, servername: 'localhost' });
    // The server's end of it is expected.
    socket.on('error', () => undefined);
    const info = await linesUntil(socket, /^INFO (.*)\r\n/);
    const { nonce } = JSON.parse(info) as { nonce: string };
    const sig = nkeyFromSeed(seed).sign(Buffer.from(nonce)).toString('base64url');
    const options = { jwt, sig, verbose: false, pedantic: false, headers: true, no_responders: true, protocol: 1 };
    socket.write(`CONNECT ${JSON.stringify({ ...options, lang: 'none', version: '0' })}\r\nPING\r\n`);
    await linesUntil(socket, /PONG()\r\n/);
    socket.write(`SUB fleet.v1.down.${me}.> 1\r\nSUB _INBOX.${me}.> 2\r\n`);
    socket.pause();
    return new StalledReader(socket, me);
  }

  /** Asks for its own manifest that often, and reads none of the answers. */
  ask(times: number): void {
    this.socket.write(`PUB fleet.v1.get.${this.me} _INBOX.${this.me}.x 0\r\n\r\n`.repeat(times));
  }

  /** Resolves when the server has ended it; what it had sent is read meanwhile. */
  async ended(): Promise<void> {
    const ended = new Promise<void>((resolve) => void this.socket.once('close', resolve));
    this.socket.resume();
    if (!this.socket.destroyed) await ended;
  }

  close(): void {
    this.socket.destroy();
  }
}

async function linesUntil(socket: TLSSocket, wanted: RegExp): Promise<string> {
  let seen = '';
  return await new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      seen += chunk.toString('latin1');
      const found = wanted.exec(seen);
      if (found === null) return;
      socket.off('data', take);
      resolve(found[1] ?? '');
    };
    socket.on('data', take);
    socket.once('close', () => reject(new Error(`the server closed: ${seen.slice(0, 200)}`)));
  });
}
