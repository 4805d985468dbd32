import type { DryRunAnswer, DryRunAsk } from '#contract';
import type { JsonObject } from '#domain';
import {
  apiError,
  type ApplyItem,
  callKube,
  groupOf,
  mapAt,
  mapLimited,
  type ObjectRef,
  previewObject,
  SecretMask,
  textAt,
} from '#kube';
import type { AgentBus, Kube } from '#ports';
import { prepareBundle } from '../apply/apply-pass.js';
import { openBundle } from '../fetch/open-bundle.js';
import { cut } from '../report/compose-report.js';
import type { AnswerInput } from './inspected.js';

/** Few: the workers need the API server as well. */
const AT_ONCE = 4;
/** What was not tried by then is left out, ms: the answer is due in 8 s. */
const LATE_AFTER_MS = 6_500;
const MOST_REFUSED = 20;

const WITH_DEFINITION = 'their definition comes with them';
const WITH_NAMESPACE = 'their namespace comes with them';
const HOOKS = 'they are hooks';
const UNTRIED = 'the API server could not try them';
const LATE = 'there was no time left';

export type DryRunInput = Pick<AnswerInput, 'kube' | 'discovery' | 'namespace' | 'reach' | 'usedMs' | 'signal'> & {
  /** As the agent itself, for the keys that encrypted objects are read with. */
  readonly own: Kube;
  readonly bus: Pick<AgentBus, 'fetchBundle'>;
};

/**
 * Has the API server try a whole bundle that is not assigned yet, as the application's account, and writes nothing. What can't be
 * tried before other things are there is left out and counted.
 * @throws RetryableError `bundle-missing`, `kube-unreachable`; RejectedError `bundle-digest`, `bundle-invalid`
 */
export async function answerDryRun(ask: DryRunAsk, input: DryRunInput): Promise<DryRunAnswer> {
  const objects = openBundle(await input.bus.fetchBundle(ask.digest, ask.chunks), ask.digest);
  const definitions = new Set(objects.flatMap(definedKind));
  const triable = objects.filter((object) => !definitions.has(kindOf(object)));
  const prepared = await prepareBundle(ask.application, { ...input, kube: input.own }, triable, ask, objects);
  const { items, errors, hooks, hidden } = prepared;
  // Of those that could be decrypted: what stands in the others, such as whom they are encrypted for, is no secret.
  const run = new DryRun(SecretMask.of([...prepared.objects, ...hidden]));
  run.leave(WITH_DEFINITION, objects.length - triable.length);
  run.leave(HOOKS, hooks.length);
  for (const { ref, message, transient } of errors) {
    if (transient) run.leave(UNTRIED);
    else run.refuse(ref, message);
  }
  const own = new Set(objects.filter(isNamespace).map((object) => textAt(mapAt(object, 'metadata'), 'name')));
  const missing = await missingNamespaces(input.kube, items);
  await mapLimited(
    items,
    async (item) => {
      const { namespace } = item.ref;
      if (namespace !== undefined && missing.has(namespace)) {
        if (own.has(namespace)) run.leave(WITH_NAMESPACE);
        else run.refuse(item.ref, `namespaces "${namespace}" not found`);
      } else if (input.usedMs() > LATE_AFTER_MS || input.signal.aborted) run.leave(LATE);
      else await run.try(ask.application, input, item);
    },
    AT_ONCE,
  );
  return run.answer();
}

class DryRun {
  private readonly left = new Map<string, number>();
  private readonly refused: DryRunAnswer['refused'] = [];
  private tried = 0;
  private more = 0;

  constructor(private readonly mask: SecretMask) {}

  leave(why: string, count = 1): void {
    if (count > 0) this.left.set(why, (this.left.get(why) ?? 0) + count);
  }

  refuse({ apiVersion, kind, namespace, name }: ObjectRef, message: string): void {
    if (this.refused.length >= MOST_REFUSED) {
      this.more += 1;
      return;
    }
    const ref = { apiVersion, kind, ...(namespace !== undefined && { namespace }), name };
    this.refused.push({ ...ref, message: cut(this.mask.hide(message), 1024) });
  }

  async try(application: string, { kube, signal }: DryRunInput, item: ApplyItem): Promise<void> {
    // Trouble of the server's own, or of a webhook that is away, says nothing of the object.
    let isTroubled = false;
    const watched: Kube = {
      request: async (request) => {
        const response = await kube.request(request);
        isTroubled ||= response.status >= 400 && apiError(response).transient;
        return response;
      },
      watch: (request) => kube.watch(request),
      close: () => undefined,
    };
    const { mask } = this;
    const found = await previewObject({
      ...{ kube: watched, application, item, ignore: [], completed: false, mask, signal },
    });
    if (found.kind !== 'refused') this.tried += 1;
    else if (isTroubled || /does not support dry run/.test(found.message)) this.leave(UNTRIED);
    else {
      this.tried += 1;
      this.refuse(item.ref, found.message);
    }
  }

  answer(): DryRunAnswer {
    const left = [...this.left].map(([why, count]) => ({ why, count }));
    return { tried: this.tried, left, refused: this.refused, more: this.more };
  }
}

function kindOf(object: JsonObject): string {
  return `${groupOf(textAt(object, 'apiVersion'))} ${textAt(object, 'kind')}`;
}

function definedKind(object: JsonObject): readonly string[] {
  if (object['kind'] !== 'CustomResourceDefinition') return [];
  const spec = mapAt(object, 'spec');
  return [`${textAt(spec, 'group')} ${textAt(mapAt(spec, 'names'), 'kind')}`];
}

function isNamespace(object: JsonObject): boolean {
  return object['kind'] === 'Namespace' && object['apiVersion'] === 'v1';
}

/** Those that the API server says are not there. */
async function missingNamespaces(kube: Kube, items: readonly ApplyItem[]): Promise<ReadonlySet<string>> {
  const names = new Set(items.flatMap(({ ref }) => ref.namespace ?? []));
  const missing = new Set<string>();
  for (const name of names) {
    const { status } = await callKube(kube, { method: 'GET', path: `/api/v1/namespaces/${encodeURIComponent(name)}` });
    if (status === 404) missing.add(name);
  }
  return missing;
}
