import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { dump } from 'js-yaml';
import { useMemo } from 'react';
import type { SyncAnswer } from '#contract';
import { api, part } from '../api/client.js';
import type { ApplicationObject } from '../api/queries.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Copy } from '../ui/copy.js';
import { Notice } from '../ui/notice.js';
import { Card, Facts } from '../ui/page.js';
import { counted, shortRevision } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Failed, Loading } from '../ui/words.js';
import { commitLink } from './commit-link.js';
import { source } from './reads.js';
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
        <p className="text-muted">To change it, edit its file and apply that:</p>
        <Copy text={`flotilla get application ${metadata.name} -o yaml`} />
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

function SourceCard({ name, denied }: { readonly name: string; readonly denied: string | null }) {
  const object = useQuery(source(name));
  const queries = useQueryClient();
  const sync = useMutation({
    mutationFn: () => api.post<SyncAnswer>(`/api/v1/sources/${part(name)}/sync`),
    onSettled: () => queries.invalidateQueries(),
  });
  if (object.error && !object.data)
    return <Failed error={object.error} what={`source ${name}`} onRetry={() => object.refetch()} />;
  if (!object.data) return <Loading what={`source ${name}`} />;
  const { spec, status } = object.data;
  const isChart = spec.type !== 'git' && spec.type !== undefined;
  const place = spec.chart === undefined ? spec.url : `${spec.url} ${spec.chart}`;
  const link = isChart ? undefined : commitLink(spec.url, status?.revision);
  return (
    <Card
      title={`Source ${name}`}
      actions={
        <Button
          isBusy={sync.isPending}
          disabled={denied !== null}
          title={denied ?? undefined}
          onClick={() => sync.mutate()}
        >
          {sync.isPending ? 'Looking at it …' : 'Sync now'}
        </Button>
      }
    >
      <Facts
        of={[
          [isChart ? 'Chart' : 'Repository', <code className="break-all">{place}</code>],
          [isChart || spec.semver ? 'Versions' : 'Ref', <code>{spec.ref ?? spec.semver ?? spec.version ?? '*'}</code>],
          ['Looked at', `every ${spec.interval}`],
          ['Read with', spec.credential ? `credential ${spec.credential}` : 'no credential'],
          [
            isChart ? 'Pack' : 'Commit',
            status?.revision &&
              (link ? (
                <a href={link} target="_blank" rel="noreferrer noopener" className="text-accent underline">
                  <code>{shortRevision(status.revision)}</code> ↗
                </a>
              ) : (
                <code>{shortRevision(status.revision)}</code>
              )),
          ],
          ['Version', status?.version ?? status?.tag],
          [isChart ? 'What it is' : 'Message', status?.subject],
          ['Author', status?.author],
          [
            'Signed by',
            status?.signature && <span title={status.signature.fingerprint}>{status.signature.signer}</span>,
          ],
          [isChart ? 'Made' : 'Committed', status?.committedAt && <Time at={status.committedAt} />],
        ]}
      />
      {status?.holds?.map(({ code, message }) => (
        <Notice key={code} tone="bad" title={message}>
          <code className="text-muted text-xs">{code}</code>
        </Notice>
      ))}
      <div aria-live="polite">
        {sync.error && <Refusal error={sync.error} />}
        {sync.data && !sync.isPending && <Synced answer={sync.data} />}
      </div>
    </Card>
  );
}

/** What the look at the source brought. */
function Synced({ answer: { revision, changed, releases, errors } }: { readonly answer: SyncAnswer }) {
  return (
    <Notice
      tone={errors.length > 0 ? 'warn' : 'info'}
      title={`${changed ? 'A new commit' : 'No new commit'}: ${shortRevision(revision)}`}
    >
      <p>{releases.length === 0 ? 'There is no release of it.' : `${counted(releases.length, 'release')} of it:`}</p>
      {releases.length > 0 && (
        <ul className="list-disc pl-5">
          {releases.map(({ application, release, rollout }) => (
            <li key={application}>
              {application} {release}
              {rollout !== undefined && `, rolled out by ${rollout}`}
            </li>
          ))}
        </ul>
      )}
      {errors.map(({ application, message }) => (
        <p key={application} className="text-danger break-words">
          {application}: {message}
        </p>
      ))}
    </Notice>
  );
}
