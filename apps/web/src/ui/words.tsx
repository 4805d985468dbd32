import type { ReactNode } from 'react';
import { HubProblem, HubUnreachable } from '../api/client.js';
import { Button, Spinner } from './button.js';

/** What a page shows while it has nothing yet; said to who reads by ear. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <p role="status" className="text-muted flex items-center gap-2 p-6">
      <Spinner /> Loading {what} …
    </p>
  );
}

/** There is nothing, and what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="border-line m-2 flex flex-col items-center gap-2 rounded-lg border border-dashed p-8 text-center">
      <p className="text-strong font-medium">{title}</p>
      {children && <div className="text-muted max-w-prose">{children}</div>}
    </div>
  );
}

/** What went wrong, in the hub's words, and what to try. A right that lacks is no failure, and looks otherwise. */
export function Failed({
  error,
  what,
  onRetry,
}: {
  readonly error: unknown;
  readonly what: string;
  readonly onRetry?: () => unknown;
}) {
  if (error instanceof HubProblem && error.problem.status === 403) return <NoPermission error={error} what={what} />;
  const { title, detail, advice } = wordsOf(error, what);
  return (
    <div role="alert" className="border-danger m-2 flex flex-col items-start gap-2 rounded-lg border p-5">
      <p className="text-danger font-medium">{title}</p>
      <p className="max-w-prose break-words">{detail}</p>
      {advice && <p className="text-muted max-w-prose">{advice}</p>}
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

export function NoPermission({ error, what }: { readonly error: HubProblem; readonly what: string }) {
  return (
    <div role="alert" className="border-line bg-raised m-2 flex flex-col gap-2 rounded-lg border p-5">
      <p className="text-strong font-medium">You may not see {what}</p>
      <p className="max-w-prose">{error.problem.detail}</p>
      <p className="text-muted max-w-prose">
        An admin can widen your rights with <code>flotilla grant set</code>; <code>flotilla whoami</code> shows what you
        have.
      </p>
    </div>
  );
}

function wordsOf(error: unknown, what: string): { title: string; detail: string; advice?: string } {
  if (error instanceof HubProblem) {
    const { problem } = error;
    const title = problem.status === 404 ? `There is no such thing: ${what}` : `The hub could not show ${what}`;
    return { title, detail: `${problem.detail} (${problem.code})` };
  }
  if (error instanceof HubUnreachable)
    return {
      title: 'The hub does not answer',
      detail: error.message,
      advice: 'Is it running, and is this machine still in its network? The page tries again by itself.',
    };
  return { title: `The page could not show ${what}`, detail: error instanceof Error ? error.message : String(error) };
}
