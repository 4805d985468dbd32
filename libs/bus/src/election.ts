import { JetStreamApiError } from '@nats-io/jetstream';
import { messageOf, RejectedError, RetryableError } from '#kit';
import { busError } from './requests.js';

/** How long an election of JetStream's may take before it counts as a failure, milliseconds. */
const ELECTION_MS = 15_000;
const RETRY_MS = 250;
const NO_ROOM = 10047;

/** "JetStream is not enabled" is what a cluster says while it elects its leader. */
export async function retryElection<Result>(attempt: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_ROOM) {
        throw new RejectedError(
          'bus-no-room',
          'The bus has no room for its streams: give nats-server a max_file_store of at least 8 GiB.',
        );
      }
      // Closed for good: no election brings it back.
      if (error instanceof Error && error.name === 'ClosedConnectionError') throw busError(error);
      if (performance.now() - started > ELECTION_MS) {
        const why = `JetStream was not ready within ${ELECTION_MS / 1000} s: ${messageOf(error, 300)}.`;
        throw new RetryableError('bus-not-ready', why, undefined, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
