import type { Act } from '../model.js';

/** Who asked for it and why, for the history. */
export function actOf({ actor, reason }: Act): Act {
  return { actor, ...(reason !== undefined && { reason }) };
}
