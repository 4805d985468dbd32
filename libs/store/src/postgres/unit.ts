import type { Unit } from '#ports';
import { answerStore } from './answers.js';
import { apiStore } from './apis.js';
import { auditStore } from './audit.js';
import { cellStore } from './cells.js';
import { clusterRegistry } from './clusters.js';
import { credentialStore } from './credentials.js';
import { freezeStore } from './freeze.js';
import { grantStore } from './grants.js';
import { joinTokens } from './join-tokens.js';
import { outboxStore } from './outbox.js';
import { clusterPresence } from './presence.js';
import { releaseStore } from './releases.js';
import { reportStore } from './reports.js';
import { resourceStore } from './resources.js';
import { rolloutStore } from './rollouts.js';
import { revocationStore } from './revocations.js';
import { loginCodeStore, sessionStore } from './sessions.js';
import { settingStore } from './settings.js';
import type { Sql } from './sql.js';
import { tokenStore } from './tokens.js';
import { trustStore } from './trust.js';
import { webhookStore } from './webhooks.js';

export function createUnit(sql: Sql): Unit {
  return {
    resources: resourceStore(sql),
    clusters: { ...clusterRegistry(sql), ...joinTokens(sql), ...clusterPresence(sql) },
    releases: releaseStore(sql),
    rollouts: rolloutStore(sql),
    outbox: outboxStore(sql),
    revocations: revocationStore(sql),
    reports: reportStore(sql),
    cells: cellStore(sql),
    tokens: tokenStore(sql),
    grants: grantStore(sql),
    sessions: sessionStore(sql),
    loginCodes: loginCodeStore(sql),
    audit: auditStore(sql),
    credentials: credentialStore(sql),
    webhooks: webhookStore(sql),
    trust: trustStore(sql),
    settings: settingStore(sql),
    freeze: freezeStore(sql),
    answers: answerStore(sql),
    apis: apiStore(sql),
  };
}
