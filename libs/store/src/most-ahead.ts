/**
 * By how much an agent's word may raise its cluster's sequence at a time: more manifests than a backup is ever behind, and far from
 * where an agent that lies would have the counter end.
 */
export const MOST_AHEAD = 1_000_000;
