import { answerSchemas, askErrorSchema, issueErrors, type AskError, type AskKind, type DiffAnswer } from '#contract';
import { RejectedError } from '#kit';
import type { z } from 'zod';

export type Answer<K extends AskKind> = z.output<(typeof answerSchemas)[K]>;

/** Values within one another: more than any object of Kubernetes has, and less than a recursion takes for too much. */
const MAX_DEPTH = 250;
/** Objects of a tree, with their children. */
const MAX_NODES = 10_000;
/** What an agent puts in the place of a Secret's value. */
const MARK = /^\(hidden [0-9a-f]{8}\)$/;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What an agent answered, or the error that it told in its place. Whoever has the agent's key may have written it.
 * @throws RejectedError `agent-answer-invalid` (502), which says where the answer is wrong and shows nothing of it.
 */
export function readAnswer<K extends AskKind>(kind: K, bytes: Uint8Array): { readonly answer: Answer<K> } | AskError {
  const json = parse(bytes);
  if (!isShallow(json)) throw invalid(`its values are nested deeper than ${MAX_DEPTH}`);
  const told = askErrorSchema.safeParse(json);
  if (told.success) return told.data;
  const parsed = answerSchemas[kind].safeParse(json);
  if (!parsed.success) {
    const [first] = issueErrors(parsed.error.issues);
    throw invalid(`${first?.path ?? ''} ${first?.message ?? ''}`.slice(0, 300));
  }
  const answer = parsed.data as Answer<K>;
  if ('objects' in answer) {
    if (kind === 'tree' && countNodes(answer.objects) > MAX_NODES)
      throw invalid(`it has more than ${MAX_NODES} objects`);
    if (kind === 'diff') refuseSecrets(answer.objects as DiffAnswer['objects']);
  }
  return { answer };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw invalid('it is not JSON');
  }
}

/** Not recursive, because how deep it is lies with its sender. */
function isShallow(json: unknown): boolean {
  let level = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return false;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    level = next;
  }
  return true;
}

function countNodes(objects: readonly object[]): number {
  return objects.reduce(
    (sum, each) => sum + 1 + countNodes('children' in each ? (each.children as readonly object[]) : []),
    0,
  );
}

/** An agent masks every value of a Secret; one that does not has its answer shown to nobody. */
function refuseSecrets(objects: DiffAnswer['objects']): void {
  objects.forEach(({ apiVersion, kind, live, desired }, index) => {
    if (kind !== 'Secret' || apiVersion !== 'v1') return;
    if ([live, desired].every((body) => body === undefined || isMasked(body))) return;
    throw invalid(`objects[${index}] is a Secret whose values are not masked`);
  });
}

function isMasked(secret: Readonly<Record<string, unknown>>): boolean {
  const { annotations, managedFields } = mapOf(secret['metadata']);
  // What is no map stands for its values all the same.
  const values = [secret['data'], secret['stringData']].flatMap((each) => (isMap(each) ? Object.values(each) : [each]));
  return (
    managedFields === undefined &&
    [...values, mapOf(annotations)[LAST_APPLIED]].every(
      (value) => value === undefined || value === null || (typeof value === 'string' && MARK.test(value)),
    )
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {};
}

function invalid(why: string): RejectedError {
  return new RejectedError('agent-answer-invalid', why, { status: 502 });
}
