import type { ClientRequest, IncomingMessage } from 'node:http';

/** Ends a request that takes too long; lighter than the AbortSignal that each request would need. */
export class Deadline {
  isOver = false;
  private outgoing: ClientRequest | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.timer = setTimeout(() => {
      this.isOver = true;
      this.outgoing?.destroy(new Error('timed out'));
    }, ms);
  }

  guard(outgoing: ClientRequest): void {
    this.outgoing = outgoing;
    if (this.isOver) outgoing.destroy(new Error('timed out'));
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** Sends a request, and resolves when its answer begins. */
export function answerOf(
  outgoing: ClientRequest,
  deadline: Deadline,
  body: string | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    deadline.guard(outgoing);
    outgoing.end(body);
  });
}
