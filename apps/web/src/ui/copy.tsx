import { useState } from 'react';

/** A line to take along: shown whole, copied by the button beside it. */
export function Copy({ text }: { readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <span className="bg-raised flex min-w-0 items-center gap-2 rounded-md pl-2.5">
      <code className="min-w-0 flex-1 overflow-x-auto py-1.5 whitespace-pre" tabIndex={0}>
        {text}
      </code>
      <button
        type="button"
        className="text-accent min-h-11 px-3 font-medium sm:min-h-8"
        onClick={() => {
          navigator.clipboard.writeText(text).then(
            () => setCopied(true),
            () => setCopied(false),
          );
        }}
      >
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </span>
  );
}
