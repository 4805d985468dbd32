import net from 'node:net';

/** `fail`: PostgreSQL is given a statement that it refuses; `cut`: the connection is lost before the statement comes through. */
export type Abort = 'fail' | 'cut';

export interface StatementProxy {
  /** The database's URL, through here. */
  readonly url: string;
  /** Aborts the next transaction that begins at its n-th statement, counted from 1: the one that begins it. */
  arm(n: number, how: Abort): void;
  /** Whether the armed abort came to pass; takes it back if not. */
  disarm(): boolean;
  /** Each statement of each transaction that came through to its end or not, by its first words. */
  readonly seen: ReadonlySet<string>;
  /** Those that a transaction was aborted at. */
  readonly aborted: ReadonlySet<string>;
  close(): Promise<void>;
}

const PARSE = 'P'.charCodeAt(0);
const QUERY = 'Q'.charCodeAt(0);
const BEGIN = /^(start transaction|begin)/i;
/** Long enough to tell statements apart. */
const WORDS = 60;

/**
 * Stands between a store and its PostgreSQL and understands just enough of the protocol to let a transaction end at any of its
 * statements: whatever the store does to be all or nothing, it does for real. An aborted COMMIT never reaches the server.
 */
export async function openStatementProxy(databaseUrl: string): Promise<StatementProxy> {
  const target = new URL(databaseUrl);
  const folder = target.searchParams.get('host');
  const sockets = new Set<net.Socket>();
  const seen = new Set<string>();
  const aborted = new Set<string>();
  let armed: { readonly n: number; readonly how: Abort } | null = null;
  let fired = false;

  const server = net.createServer((client) => {
    const upstream = folder
      ? net.connect(`${folder}/.s.PGSQL.${target.port}`)
      : net.connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        (socket === client ? upstream : client).destroy();
      });
    }
    upstream.on('data', (data) => client.write(data));

    let buffer = Buffer.alloc(0);
    let isStarted = false;
    let isInTransaction = false;
    /** Statements so far of the transaction that is to be aborted. */
    let count: number | null = null;
    client.on('data', (data: Buffer) => {
      buffer = Buffer.concat([buffer, data]);
      // The first message has no type.
      const head = (): number => (isStarted ? 1 : 0);
      while (buffer.length >= head() + 4) {
        const length = head() + buffer.readInt32BE(head());
        if (buffer.length < length) return;
        const message = buffer.subarray(0, length);
        buffer = buffer.subarray(length);
        if (!forward(message)) return;
        isStarted = true;
      }
    });

    function forward(message: Buffer): boolean {
      const text = isStarted ? statementOf(message) : null;
      if (text !== null) {
        const words = text.replace(/\s+/g, ' ').trim().slice(0, WORDS).toLowerCase();
        if (BEGIN.test(words)) {
          isInTransaction = true;
          if (armed !== null) count = 0;
        }
        if (isInTransaction && !words.startsWith('rollback')) seen.add(words);
        if (count !== null && armed !== null && (count += 1) === armed.n) {
          const { how } = armed;
          [armed, fired, count] = [null, true, null];
          aborted.add(words);
          if (how === 'fail') return upstream.write(refused(message[0] ?? QUERY)) || true;
          client.destroy();
          return false;
        }
        if (/^(commit|rollback)/.test(words)) [isInTransaction, count] = [false, null];
      }
      upstream.write(message);
      return true;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.searchParams.delete('host');
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as net.AddressInfo).port);

  return {
    ...{ url: url.href, seen, aborted },
    arm(n, how) {
      [armed, fired] = [{ n, how }, false];
    },
    disarm() {
      const had = fired;
      [armed, fired] = [null, false];
      return had;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The SQL of a message that brings one. */
function statementOf(message: Buffer): string | null {
  if (message[0] === QUERY) return message.toString('utf8', 5, message.length - 1);
  if (message[0] !== PARSE) return null;
  const name = message.indexOf(0, 5);
  return message.toString('utf8', name + 1, message.indexOf(0, name + 1));
}

/** A message of the same kind whose statement is none. */
function refused(type: number): Buffer {
  const body = Buffer.from(type === PARSE ? '\0stop here\0\0\0' : 'stop here\0');
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
