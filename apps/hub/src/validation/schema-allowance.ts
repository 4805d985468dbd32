import { MAX_SCHEMAS_BYTES } from '#contract';
import { keepNewest, RejectedError } from '#kit';
import type { Clock } from '#ports';

/** A plain API server's documents are 6 MiB; one with many definitions has some dozens. */
const MOST_BYTES = 256 * 1024 * 1024;
const EACH_MS = 3_600_000;
const MAX_CLUSTERS = 20_000;

/** How much of one cluster's schemas the hub reads in an hour: an agent can name as many and as large ones as it likes. */
export class SchemaAllowance {
  private readonly spent = new Map<string, { since: number; bytes: number }>();

  constructor(private readonly clock: Clock) {}

  /**
   * Takes the most that a document may have; give back what it had not, once that is known.
   * @throws RejectedError `schemas-too-many`
   */
  take(uid: string): (bytes: number) => void {
    const now = this.clock.now();
    const known = this.spent.get(uid);
    const spent = known !== undefined && now - known.since < EACH_MS ? known : { since: now, bytes: 0 };
    if (spent.bytes + MAX_SCHEMAS_BYTES > MOST_BYTES) {
      throw new RejectedError('schemas-too-many', `Its schemas have more than ${MOST_BYTES} bytes in an hour.`);
    }
    spent.bytes += MAX_SCHEMAS_BYTES;
    keepNewest(this.spent, uid, spent, MAX_CLUSTERS);
    return (bytes) => (spent.bytes -= MAX_SCHEMAS_BYTES - bytes);
  }
}
