export * from './access.js';
export * from './assert-never.js';
export * from './audit-chain.js';
export * from './bundle.js';
export * from './canonical-json.js';
export * from './cell-state.js';
export * from './cluster.js';
export * from './duration.js';
export * from './health/assess-object.js';
export { HEALTH_GRACES_MS } from './health/graces.js';
// What reads the rules is #domain/health-rules: it brings CEL along, which most agents never need.
export { type HealthRule, MAX_HEALTH_EXPRESSION } from './health/health-rule.js';
export { hasAddress } from './health/networking.js';
export { assessPod, assessPods, podTrouble } from './health/pods.js';
export { presentPods } from './health/present-pods.js';
export {
  isFine,
  worstOf,
  type HealthContext,
  type HealthVerdict,
  type ObservedPod,
  type RuleJudge,
} from './health/verdict.js';
export * from './hold.js';
export type * from './json.js';
export * from './label-selector-text.js';
export * from './manifest.js';
export * from './overlay.js';
export * from './path-template.js';
export * from './placement.js';
export type * from './report.js';
export * from './rollout/count.js';
export * from './rollout/event-log.js';
export { isGateOpen, validApprovals } from './rollout/gate-state.js';
export * from './rollout/model.js';
export { need } from './rollout/need.js';
export { deletionBudget, replacedDigest, type PlannedDrop } from './rollout/drops.js';
export { newHeader } from './rollout/new-header.js';
export {
  planRollout,
  type PlannedBundle,
  type PlannedCluster,
  type PlannedWave,
  type PlanRequest,
  type RolloutPlan,
} from './rollout/plan.js';
export * from './rollout/receipt.js';
export { ENGINE_RULES, type EngineRules } from './rollout/rules.js';
export * from './rollout/replay.js';
export type { Distribution } from './rollout/rehearsal/distribution.js';
export type { Spread } from './rollout/rehearsal/random.js';
export { REHEARSAL_DEFAULTS, type RehearsalRates } from './rollout/rehearsal/rates.js';
export { rehearse, Rehearsal, type RehearsalInput } from './rollout/rehearsal/rehearsal.js';
export type { RehearsedRun, RunOutcome } from './rollout/rehearsal/rehearsed-run.js';
export { RowTable, type PresenceView } from './rollout/rehearsal/row-table.js';
export type { RehearsalReport, RehearsedGate, RehearsedWave } from './rollout/rehearsal/run-figures.js';
export { pauseReason } from './rollout/pause-text.js';
export { planWaves, type WavePlan } from './rollout/plan-waves.js';
export { isRetired, retireRow } from './rollout/retire-row.js';
export { step } from './rollout/step.js';
export * from './rollout/strategy.js';
export { conditionProblem, MAX_CONDITION, MAX_RESULTS, meetsCondition } from './rollout/success-condition.js';
export * from './selector.js';
export { impliesSelector } from './selector-implication.js';
export * from './trust/trust.js';
export { beginTrust, generationAhead, stepTrust, waitedFor } from './trust/step-trust.js';
export * from './rollout/why.js';
export * from './rollout/why-cluster.js';
export { deriveHolds } from './rollout/why-holds.js';
export * from './rollout/windows.js';
export * from './unified-diff.js';
export { bundleCheck, neededVersions, type Finding, type ServedApis } from './validation/check-bundle.js';
export { carriedFiles, carryFiles, sealOf } from './validation/encrypted-files.js';
// What reads policies is #domain/policies: it brings CEL along.
export { MAX_POLICY_EXPRESSION, type PolicyRule, type PolicySpec } from './validation/policy.js';
export { schemaDocument, type FieldSchema, type SchemaDocument } from './validation/schema-document.js';
