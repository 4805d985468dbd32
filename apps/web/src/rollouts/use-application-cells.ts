import { useEffect } from 'react';
import { live } from '../api/live.js';

/** Has the live stream tell of the application's clusters too, from now on: what was before is read by other means. */
export function useApplicationCells(application: string | undefined): void {
  useEffect(() => {
    if (application === undefined) return undefined;
    live.want({ application, after: '' });
    return () => live.want(null);
  }, [application]);
}
