import type { Why } from '#contract';
import { Copy } from './copy.js';
import { Time } from './time.js';

/** Why something waits, in one sentence; its evidence and what a person can do are one click away. */
export function Sentence({ why }: { readonly why: Why }) {
  const hasMore = why.evidence.length > 0 || why.can.length > 0 || why.holds.length > 0;
  return (
    <div className="border-line bg-card rounded-lg border">
      <p className="text-strong p-3 text-[0.95rem] font-medium break-words" aria-live="polite">
        {why.sentence}
      </p>
      {hasMore && (
        <details className="border-line border-t">
          <summary className="text-muted hover:text-strong min-h-11 px-3 py-3 sm:min-h-8 sm:py-2">
            Evidence and what you can do
          </summary>
          <div className="flex flex-col gap-3 p-3 pt-1">
            {why.holds.length > 0 && (
              <ul className="flex flex-col gap-1">
                {why.holds.map((hold) => (
                  <li key={`${hold.code}-${hold.since}`}>
                    <code className="text-held">{hold.code}</code> {hold.message} · since <Time at={hold.since} />
                    {hold.clearsAt && (
                      <>
                        {' '}
                        · clears <Time at={hold.clearsAt} />
                      </>
                    )}
                  </li>
                ))}
              </ul>
            )}
            {why.evidence.length > 0 && (
              <ul className="list-disc pl-5">
                {why.evidence.map((line) => (
                  <li key={line} className="break-words">
                    {line}
                  </li>
                ))}
              </ul>
            )}
            {why.can.length > 0 && (
              <ul className="flex flex-col gap-1">
                {why.can.map((line) => (
                  <li key={line}>
                    <Copy text={line} />
                  </li>
                ))}
              </ul>
            )}
          </div>
        </details>
      )}
    </div>
  );
}
