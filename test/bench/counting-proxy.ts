import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Bytes as they came from TCP, what TLS adds included. */
export interface WireBytes {
  /** From who connected. */
  readonly up: number;
  readonly down: number;
  /** Pieces that came at once, either way: about as many packets with content. */
  readonly pieces: number;
  readonly connections: number;
}

/** A TCP proxy on loopback that counts what passes, and changes nothing. */
export class CountingProxy {
  private readonly sockets = new Set<Socket>();
  private up = 0;
  private down = 0;
  private pieces = 0;
  private connections = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async open(targetPort: number): Promise<CountingProxy> {
    const server = createServer();
    const proxy = new CountingProxy(server, targetPort);
    server.on('connection', (socket) => proxy.join(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get bytes(): WireBytes {
    const { up, down, pieces, connections } = this;
    return { up, down, pieces, connections };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: Socket): void {
    this.connections += 1;
    const far = connect(this.target, '127.0.0.1');
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (part: Buffer) => {
      this.up += part.length;
      this.pieces += 1;
      far.write(part);
    });
    far.on('data', (part: Buffer) => {
      this.down += part.length;
      this.pieces += 1;
      near.write(part);
    });
  }
}

/** What passed between two readings. */
export function passed(before: WireBytes, after: WireBytes): WireBytes {
  return {
    up: after.up - before.up,
    down: after.down - before.down,
    pieces: after.pieces - before.pieces,
    connections: after.connections - before.connections,
  };
}
