import type { StoredWebhook, WebhookStore } from '#ports';
import { byKeys } from './memory.js';
import type { Run } from './session.js';

export function fakeWebhooks(run: Run): WebhookStore {
  const shown = ({ sealed: _sealed, ...webhook }: StoredWebhook & { sealed: Uint8Array }): StoredWebhook => webhook;
  return {
    add: ({ name, provider, sealed, at, by }) =>
      run(({ tables }) => {
        if (tables.webhooks.get(name) !== undefined) return null;
        const webhook = { name, provider, createdAt: at, createdBy: by, changedAt: at, heardAt: null };
        tables.webhooks.set(name, { ...webhook, sealed: Buffer.from(sealed) });
        return webhook;
      }),
    rotate: (name, sealed, at) =>
      run(({ tables }) => {
        const before = tables.webhooks.get(name);
        if (before === undefined) return null;
        const after = { ...before, sealed: Buffer.from(sealed), changedAt: at };
        tables.webhooks.set(name, after);
        return shown(after);
      }),
    open: (name) => run(({ tables }) => tables.webhooks.get(name) ?? null),
    heard: (name, at) =>
      run(({ tables }) => {
        const before = tables.webhooks.get(name);
        if (before !== undefined) tables.webhooks.set(name, { ...before, heardAt: at });
      }),
    list: () =>
      run(({ tables }) =>
        tables.webhooks
          .rows()
          .map(shown)
          .sort(byKeys(({ name }) => [name])),
      ),
    remove: (name) =>
      run(({ tables }) => {
        if (tables.webhooks.get(name) === undefined) return false;
        tables.webhooks.delete(name);
        return true;
      }),
  };
}
