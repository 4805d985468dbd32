import type { KindPath, ObjectRef } from '#kube';

/** The namespaces that the agent is kept to; null: it has the whole cluster. */
export type Reach = readonly string[] | null;

/** Why an object is out of the agent's reach, and what to do; null: it is not. */
export function beyondReach(reach: Reach, ref: ObjectRef, { namespaced }: KindPath): string | null {
  if (reach === null) return null;
  const mode = `this agent is kept to the namespaces ${shown(reach)} (namespaced mode)`;
  if (!namespaced) {
    return `${mode}, and a ${ref.kind} belongs to the whole cluster: take it out of the application, or give the agent the cluster with \`flotilla cluster token NAME --cluster-wide\``;
  }
  const { namespace = '' } = ref;
  if (reach.includes(namespace)) return null;
  return `${mode}, and "${namespace}" is not among them: put the object elsewhere (the application's spec.namespace is for objects that name none), or add the namespace with \`flotilla cluster token NAME --namespaces …\``;
}

/** A report's texts are bounded: what to do must not fall off its end. */
function shown(reach: readonly string[]): string {
  const names = reach.slice(0, 5).join(', ');
  return reach.length > 5 ? `${names} and ${reach.length - 5} more` : names;
}
