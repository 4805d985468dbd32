import { canonicalJson, type JsonObject } from '#domain';
import type { ResourceKind, ResourceStore } from '#ports';
import { byKeys, kept, keyOf } from './memory.js';
import type { Run, Session } from './session.js';

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

function setStatus(session: Session, kind: ResourceKind, name: string, status: JsonObject): void {
  const before = session.tables.resources.get(keyOf(kind, name));
  if (before === undefined || same(before.status, status)) return;
  session.tables.resources.set(keyOf(kind, name), kept({ ...before, status }));
  session.signals.add('resource');
}

export function fakeResources(run: Run): ResourceStore {
  return {
    get: (kind, name) => run(({ tables }) => tables.resources.get(keyOf(kind, name)) ?? null),
    list: (kind) =>
      run(({ tables }) =>
        tables.resources
          .rows()
          .filter((row) => row.kind === kind)
          .sort(byKeys((row) => [row.name])),
      ),
    put: (kind, name, spec, now) =>
      run((session) => {
        const { resources } = session.tables;
        const before = resources.get(keyOf(kind, name));
        if (before !== undefined && same(before.spec, spec)) return 'unchanged';
        session.signals.add('resource');
        const { generation = 0, status = {}, createdAt = now } = before ?? {};
        const row = { kind, name, spec, generation: generation + 1, status, createdAt, updatedAt: now };
        resources.set(keyOf(kind, name), kept(row));
        return before === undefined ? 'created' : 'configured';
      }),
    setStatus: (kind, name, status) => run((session) => setStatus(session, kind, name, status)),
    setStatuses: (kind, statuses) =>
      run((session) => {
        for (const [name, status] of statuses) setStatus(session, kind, name, status);
      }),
    delete: (kind, name) =>
      run((session) => {
        if (session.tables.resources.get(keyOf(kind, name)) === undefined) return false;
        session.tables.resources.delete(keyOf(kind, name));
        session.signals.add('resource');
        return true;
      }),
  };
}
