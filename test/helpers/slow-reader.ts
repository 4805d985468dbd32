import { connect, type TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeAgentKey, signByAgentKey } from '#bus';
import { joinProofText, type JoinAnswer, type RegisterAnswer } from '#contract';
import type { TestApi } from './test-api.js';

/** An agent, by its credential, that asks for more than it ever reads: a client of our own, since real ones read. */
export class SlowReader {
  private socket: TLSSocket | null = null;

  private constructor(
    private readonly answer: JoinAnswer,
    private readonly seed: string,
    private readonly port: number,
  ) {}

  static async join(api: TestApi, port: number): Promise<SlowReader> {
    const { token } = await api.post<RegisterAnswer>('/api/v1/clusters', { name: 'slow', labels: {} });
    const { publicKey, seed } = makeAgentKey();
    const answer = await api.post<JoinAnswer>('/api/v1/join', {
      token,
      publicKey,
      proof: signByAgentKey(seed, joinProofText(token)),
      protocol: 1,
      version: '0.0.0-slow',
      facts: {},
    });
    return new SlowReader(answer, seed, port);
  }

  /** Connects, stops reading, and asks so many times for a chunk. */
  async fill(digest: string, times: number): Promise<void> {
    const { credential, cluster, nats } = this.answer;
    const socket = connect({ host: '127.0.0.1', port: this.port, ca: nats.ca });
    this.socket = socket;
    // That it is cut off in the end is what is waited for.
    socket.on('error', () => undefined);
    const { nonce } = JSON.parse((await line(socket, /^INFO (.*)/)) || '{}') as { nonce: string };
    const login = {
      verbose: false,
      pedantic: false,
      protocol: 1,
      headers: true,
      lang: 'none',
      version: '0',
      jwt: credential,
      sig: signByAgentKey(this.seed, nonce),
    };
    socket.write(`CONNECT ${JSON.stringify(login)}\r\nPING\r\n`);
    await line(socket, /^(PONG)/);
    socket.write(`SUB _INBOX.${cluster}.x 1\r\n`);
    socket.pause();
    socket.write(`PUB fleet.v1.blob.${digest}.0 _INBOX.${cluster}.x 0\r\n\r\n`.repeat(times));
  }

  /** Resolves when the server has closed its connection. */
  async isCutOff(withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    // Who does not read learns of it only by writing.
    while (this.socket !== null && !this.socket.destroyed) {
      if (performance.now() > end) throw new Error(`the slow reader was not cut off within ${withinMs} ms`);
      this.socket.write('PING\r\n');
      await sleep(250);
    }
  }

  close(): void {
    this.socket?.destroy();
  }
}

/** What the first line that matches has in its first group. */
function line(socket: TLSSocket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (part: Buffer): void => {
      text += part.toString('latin1');
      const found = text
        .split('\r\n')
        .slice(0, -1)
        .find((each) => pattern.test(each));
      if (found === undefined) return;
      socket.off('data', take);
      socket.off('close', fail);
      resolve(pattern.exec(found)?.[1] ?? '');
    };
    const fail = (): void => reject(new Error(`the server closed the connection after: ${text.slice(-300)}`));
    socket.on('data', take);
    socket.once('close', fail);
  });
}
