import type { ReactNode } from 'react';

/** A page that is for others: no failure, and who can change it. */
export function Lacking({
  title,
  role,
  children,
}: {
  readonly title: string;
  readonly role: string;
  readonly children: ReactNode;
}) {
  return (
    <div className="border-line bg-raised m-2 flex max-w-prose flex-col gap-2 rounded-lg border p-5">
      <p className="text-strong font-medium">{title}</p>
      <p>{children}</p>
      <p className="text-muted">
        You are {role}. An admin can widen your rights with <code>flotilla grant set</code>;{' '}
        <code>flotilla whoami</code> shows what you have.
      </p>
    </div>
  );
}
