/** Why a command makes no sense in this state, and what to do instead. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}
