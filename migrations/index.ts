import { Corridor0001 } from './0001-corridor.js';
import { Engine0002 } from './0002-engine.js';
import { AuditChain0003 } from './0003-audit-chain.js';
import { Credentials0004 } from './0004-credentials.js';
import { Webhooks0005 } from './0005-webhooks.js';
import { Access0006 } from './0006-access.js';
import { Sessions0007 } from './0007-sessions.js';
import { Trust0008 } from './0008-trust.js';
import { Leaving0009 } from './0009-leaving.js';
import { Page0010 } from './0010-page.js';
import { Glance0011 } from './0011-glance.js';
import { ReleaseDetails0012 } from './0012-release-details.js';
import { Apis0013 } from './0013-apis.js';
import { VerifiedSchemas0014 } from './0014-verified-schemas.js';

/** All of them, in order. A released one is never changed; the next one expands, and a later one contracts. */
export const migrations = [
  Corridor0001,
  Engine0002,
  AuditChain0003,
  Credentials0004,
  Webhooks0005,
  Access0006,
  Sessions0007,
  Trust0008,
  Leaving0009,
  Page0010,
  Glance0011,
  ReleaseDetails0012,
  Apis0013,
  VerifiedSchemas0014,
];
