import { useSyncExternalStore } from 'react';
import { live } from '../api/live.js';
import { spanText, useNow } from '../ui/time.js';

/** A short loss of the connection is nobody's business. */
const QUIET_MS = 5_000;
/** The hub is heard each fifteen seconds at least. */
const SILENT_MS = 35_000;

/** Says when what the page shows is old, and nothing while it is live. */
export function LiveMark() {
  const { state, heardAt } = useSyncExternalStore(live.watch, live.state);
  const silence = useNow() - heardAt;
  const isOld = heardAt > 0 && (state === 'down' ? silence > QUIET_MS : silence > SILENT_MS);
  return (
    <div role="status" aria-live="polite">
      {isOld && (
        <p className="bg-warn text-card px-4 py-2 text-center font-medium">
          What you see is {spanText(silence)} old: the hub is not heard. It is asked again by itself.
        </p>
      )}
    </div>
  );
}
