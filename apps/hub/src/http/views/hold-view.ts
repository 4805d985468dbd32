import type { HoldView } from '#contract';
import type { Hold } from '#domain';
import { iso, isoField } from './time.js';

export function holdView(hold: Hold): HoldView {
  return { code: hold.code, message: hold.message, since: iso(hold.since), ...isoField('clearsAt', hold.clearsAt) };
}
