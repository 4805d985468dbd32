/** Limits that no suite and no measurement meets: they ask more, and more wrongly, than anybody is to. */
export const WIDE_RATES: Readonly<Record<string, string>> = {
  FLOTILLA_RATE_CALLER: '100000',
  FLOTILLA_RATE_ADDRESS: '100000',
  FLOTILLA_RATE_AGENTS: '100000',
  FLOTILLA_RATE_FAILURES: '100000',
};
