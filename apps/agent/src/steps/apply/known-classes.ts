import { type HealthContext, hasAddress, type JsonObject } from '#domain';
import type { Logger } from '#kit';
import { callKube, groupOf, isSuccess, mapAt, textAt } from '#kube';
import type { Kube } from '#ports';
import { detach } from '../../common.js';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const RETRY_MS = 10_000;

/** Controllers of ingresses that write an address without being told to; others may, and many never do. */
const GIVING_CONTROLLERS = new Set([
  'k8s.io/ingress-nginx',
  'ingress.k8s.aws/alb',
  'eks.amazonaws.com/alb',
  'azure/application-gateway',
  'webapprouting.kubernetes.azure.com/nginx',
]);

export type ClassFacts = Pick<HealthContext, 'bindsOnFirstUse' | 'givesAddress'>;

export interface KnownClassesOptions {
  readonly kube: Kube;
  readonly logger: Logger;
}

/** What is known of the classes of claims and ingresses. Each is asked for once, when an object of it waits. */
export class KnownClasses {
  /** Whether a storage class binds when a pod uses the claim; null: it is being asked for. */
  private readonly binding = new Map<string, boolean | null>();
  /** Whether an ingress class has a controller that writes an address; null: it is being asked for. */
  private readonly giving = new Map<string, boolean | null>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private closed = false;

  constructor(private readonly options: KnownClassesOptions) {}

  /** An object of any application: an ingress that has an address tells that its class gives some. */
  note(object: JsonObject): void {
    if (isIngress(object) && hasAddress(object)) this.giving.set(ingressClassOf(object), true);
  }

  /** What is known of the class of an object; `onLearned` is called when there is more. */
  factsOf(object: JsonObject, onLearned: () => void): ClassFacts {
    if (isIngress(object)) return this.ofIngress(object, onLearned);
    const isClaim = object['kind'] === 'PersistentVolumeClaim' && object['apiVersion'] === 'v1';
    return isClaim ? this.ofClaim(object, onLearned) : {};
  }

  close(): void {
    this.closed = true;
    for (const timer of this.retries) clearTimeout(timer);
    this.retries.clear();
  }

  private ofClaim(claim: JsonObject, onLearned: () => void): ClassFacts {
    const name = textAt(mapAt(claim, 'spec'), 'storageClassName');
    if (name === '' || textAt(mapAt(claim, 'status'), 'phase') === 'Bound') return {};
    const isBinding = (storageClass: JsonObject): boolean =>
      textAt(storageClass, 'volumeBindingMode') === 'WaitForFirstConsumer';
    this.learn(this.binding, name, `/apis/storage.k8s.io/v1/storageclasses/`, isBinding, onLearned);
    const known = this.binding.get(name);
    return typeof known === 'boolean' ? { bindsOnFirstUse: known } : {};
  }

  private ofIngress(ingress: JsonObject, onLearned: () => void): ClassFacts {
    this.note(ingress);
    if (hasAddress(ingress)) return {};
    const name = ingressClassOf(ingress);
    if (name === '') return { givesAddress: this.giving.get(name) === true };
    const isGiving = (ingressClass: JsonObject): boolean =>
      GIVING_CONTROLLERS.has(textAt(mapAt(ingressClass, 'spec'), 'controller'));
    this.learn(this.giving, name, '/apis/networking.k8s.io/v1/ingressclasses/', isGiving, onLearned);
    // While that is not known it waits: healthy too early would be taken back.
    return { givesAddress: this.giving.get(name) !== false };
  }

  private learn(
    known: Map<string, boolean | null>,
    name: string,
    folder: string,
    tellsSo: (found: JsonObject) => boolean,
    onLearned: () => void,
  ): void {
    if (this.closed || known.has(name)) return;
    known.set(name, null);
    const ask = async (): Promise<void> => {
      const answer = await callKube(this.options.kube, { method: 'GET', path: folder + encodeURIComponent(name) });
      // Somebody's address may have told it meanwhile.
      if (known.get(name) === null) known.set(name, isSuccess(answer) && tellsSo(answer.body));
      if (!this.closed) onLearned();
    };
    const askedInVain = (): void => {
      known.delete(name);
      if (this.closed) return;
      const timer = setTimeout(() => {
        this.retries.delete(timer);
        onLearned();
      }, RETRY_MS);
      this.retries.add(timer);
    };
    detach(ask().catch(askedInVain), this.options.logger);
  }
}

function isIngress(object: JsonObject): boolean {
  return object['kind'] === 'Ingress' && groupOf(textAt(object, 'apiVersion')) === 'networking.k8s.io';
}

function ingressClassOf(ingress: JsonObject): string {
  const named = textAt(mapAt(ingress, 'spec'), 'ingressClassName');
  return named || textAt(mapAt(mapAt(ingress, 'metadata'), 'annotations'), CLASS_ANNOTATION);
}
