import type { DiffView, EventsView, TreeView } from '#contract';
import { RejectedError } from '#kit';
import type { HubClient } from './hub-client.js';
import { part } from './listings/listing.js';
import { plain } from './print.js';

/** The hub waits for an agent, and for each part of a long answer. */
const TIMEOUT_MS = 120_000;

/** An application in a cluster, as a person points at it. */
export interface Place {
  readonly cluster: string;
  readonly application: string;
}

interface Views {
  readonly tree: TreeView;
  readonly diff: DiffView;
  readonly events: EventsView;
}

/** Reads `eu-1/web`. @throws RejectedError `bad-place`. */
export function readPlace(word: string): Place {
  const [cluster = '', application = '', ...more] = word.split('/');
  if (cluster !== '' && application !== '' && more.length === 0) return { cluster, application };
  throw new RejectedError('bad-place', `"${plain(word)}" must be CLUSTER/APPLICATION, such as eu-1/web.`);
}

/** What the cluster's agent answers, by way of the hub. @throws RejectedError or RetryableError in the hub's words. */
export function askCluster<K extends keyof Views>(client: HubClient, kind: K, place: Place): Promise<Views[K]> {
  const route = `/api/v1/clusters/${part(place.cluster)}/applications/${part(place.application)}/${kind}`;
  return client.get<Views[K]>(route, {}, TIMEOUT_MS);
}

/** What a person must know to read an answer: that it is of an older generation, or not all; nothing: null. */
export function caveatOf(view: Views[keyof Views]): string | null {
  const { cluster, generation, assigned, truncated } = view;
  const older =
    generation === assigned
      ? []
      : [
          generation < 0
            ? `The agent of ${cluster} holds nothing of it yet; the hub assigned generation ${assigned}.`
            : `The agent of ${cluster} holds generation ${generation}, and the hub assigned ${assigned}.`,
        ];
  const text = [...older, ...(truncated === undefined ? [] : [`Not all is shown: ${plain(truncated)}`])].join('\n');
  return text === '' ? null : `${text}\n`;
}

/** `Deployment shop/web`, as reports and findings name it. */
export function objectText(
  { kind, namespace, name }: { readonly kind: string; readonly namespace?: string | undefined; readonly name: string },
  within?: string,
): string {
  return `${kind} ${namespace === undefined || namespace === within ? '' : `${namespace}/`}${name}`;
}
