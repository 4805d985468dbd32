import { dump } from 'js-yaml';
import { diffHunks } from '#domain/unified-diff';
import type { AuditView } from '#contract';
import { DiffText } from '../ui/diff-text.js';
import { Facts } from '../ui/page.js';
import { hasChange } from './activity-query.js';

/** What was before and after, what else is known, and the entry's place in the chain. */
export function AuditDetail({ audit }: { readonly audit: AuditView }) {
  const { id, detail = {}, previous, hash } = audit;
  const { before, after, ...rest } = detail;
  const text = (value: unknown): string => (value === undefined || value === null ? '' : yamlText(value));
  const diff = hasChange(audit) ? diffHunks(text(before), text(after)) : '';
  return (
    <div className="flex min-w-0 flex-col gap-3 pt-1 pb-2">
      {hasChange(audit) && diff === '' && <p>Before and after are the same.</p>}
      {diff !== '' && <DiffText diff={diff} label="What changed" />}
      {Object.keys(rest).length > 0 && (
        <pre className="bg-raised text-strong max-h-96 overflow-auto rounded-md p-3 text-xs" tabIndex={0}>
          {yamlText(rest)}
        </pre>
      )}
      <Facts
        of={[
          ['Entry', String(id)],
          ['Hash', <Hash key="hash" text={hash} />],
          ['Hash before', <Hash key="previous" text={previous} />],
        ]}
      />
    </div>
  );
}

function Hash({ text }: { readonly text: string }) {
  return (
    <code className="text-muted text-xs break-all" title="flotilla audit verify makes it anew">
      {text}
    </code>
  );
}

function yamlText(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
