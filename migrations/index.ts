import { Corridor0001 } from './0001-corridor.js';

/** All of them, in order. A released one is never changed; the next one expands, and a later one contracts. */
export const migrations = [Corridor0001];
