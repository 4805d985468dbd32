export { apiError, callKube, isSuccess, sleep, type ApiError } from './apply/api-error.js';
export { applyObjects, type ApplyInput, type ApplyResult, type Difference } from './apply/apply-objects.js';
export { firstStep, hasDrifted, ownershipRefusal, type Known } from './apply/decide.js';
export { collectionPath, Discovery, DISCOVERY_FAILED, objectPath, type KindPath } from './apply/discovery.js';
export {
  beginRun,
  deletePoliciesOf,
  endStage,
  hooksOf,
  isHook,
  runMark,
  unknownHook,
  type HookRun,
  type HookStage,
} from './apply/helm-hooks.js';
export { planPrune, unionInventory, type InventoryEntry } from './apply/inventory.js';
export { liveStateOf, type LiveState } from './apply/live-state.js';
export * from './apply/marks.js';
export { diffBody } from './apply/diff-body.js';
export { errorText, isSecret, type MarkValue, SecretMask } from './apply/mask-secret.js';
export { mapLimited } from './apply/map-limited.js';
export { differences } from './apply/compare.js';
export { isMetadataEnough } from './apply/metadata-kinds.js';
export {
  annotationOf,
  groupOf,
  isMap,
  labelOf,
  mapAt,
  mapsAt,
  refKey,
  refOf,
  refTitle,
  textAt,
  type ObjectRef,
} from './apply/object-ref.js';
export { ObjectCalls, uidOf } from './apply/object-calls.js';
export { prepareObjects, type ApplyItem, type ObjectError } from './apply/prepare.js';
export { type ObjectPreview, previewObject } from './apply/preview-object.js';
export { type Deletion, deleteObjects, inspectPrune, isKept, type PrunePlan } from './apply/prune-objects.js';
export { makeSecretMarks } from './apply/secret-marks.js';
export { planStages } from './apply/stages.js';
export { RecordStore, secretObject, type ApplicationRecord } from './apply/record-store.js';
export { watchKind, type KindWatchOptions } from './apply/watch-kind.js';
export { agentManifest, type AgentManifestInput } from './install/agent-manifest.js';
export { containerContents } from './install/container-contents.js';
export { inspectInstallation, type Installation } from './install/inspect-installation.js';
export { isContainer, planWorkloadRemoval, type WorkloadRemoval } from './install/plan-workload-removal.js';
export { uninstallAgent } from './install/uninstall-agent.js';
export { type HttpKubeAccess, type ReadAccess } from './http-access.js';
export { type HttpKubeOptions, openHttpKube } from './http-kube.js';
export { inClusterOptions, isInCluster } from './in-cluster.js';
export { type KubeconfigOptions, kubeconfigOptions } from './kubeconfig.js';
