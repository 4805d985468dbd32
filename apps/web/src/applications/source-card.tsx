import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SyncAnswer } from '#contract';
import { api, part } from '../api/client.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Notice } from '../ui/notice.js';
import { Card, Facts } from '../ui/page.js';
import { counted, shortRevision } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Failed, Loading } from '../ui/words.js';
import { commitLink } from './commit-link.js';
import { source } from './reads.js';

/** A source, and what was found there when it was looked at last. `denied`: why one may not look now. */
export function SourceCard({ name, denied }: { readonly name: string; readonly denied: string | null }) {
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
