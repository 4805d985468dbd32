import { Link } from '@tanstack/react-router';
import { dump } from 'js-yaml';
import { useMemo } from 'react';
import type { ApplicationObject } from '../api/queries.js';
import { Copy } from '../ui/copy.js';
import { Notice } from '../ui/notice.js';
import { Card } from '../ui/page.js';
import { SourceCard } from './source-card.js';
import { termsOf } from './terms.js';

/** The application as it is declared, and where it comes from. */
export function SpecTab({ object, denied }: { readonly object: ApplicationObject; readonly denied: string | null }) {
  const { apiVersion, kind, metadata, spec } = object;
  const text = useMemo(
    () => dump({ apiVersion, kind, metadata: { name: metadata.name }, spec }, { lineWidth: 100, noRefs: true }),
    [apiVersion, kind, metadata.name, spec],
  );
  const terms = termsOf(spec);
  return (
    <div className="grid min-w-0 grid-cols-1 gap-4 lg:grid-cols-2">
      <Card title="Declared">
        <pre
          tabIndex={0}
          aria-label={`${metadata.name} as YAML`}
          className="bg-raised max-h-[60dvh] overflow-auto rounded-md p-3 text-xs leading-5"
        >
          {text}
        </pre>
        {metadata.declaredBy === undefined ? (
          <>
            <p className="text-muted">To change it, edit its file and apply that:</p>
            <Copy text={`flotilla get application ${metadata.name} -o yaml`} />
          </>
        ) : (
          <p className="text-muted break-words">
            To change it, change {metadata.declaredBy}, which{' '}
            <Link to="/declared" className="text-accent underline">
              declares it in Git
            </Link>
            .
          </p>
        )}
      </Card>
      <div className="flex min-w-0 flex-col gap-4">
        <SourceCard name={spec.source} denied={denied} />
        {terms.length > 0 && (
          <Card title="What may differ, and what health is">
            <ul className="list-disc pl-5">
              {terms.map((term) => (
                <li key={term} className="break-words">
                  {term}
                </li>
              ))}
            </ul>
          </Card>
        )}
        {(object.status?.warnings ?? []).map((warning) => (
          <Notice key={warning} tone="warn" title={warning} />
        ))}
      </div>
    </div>
  );
}
