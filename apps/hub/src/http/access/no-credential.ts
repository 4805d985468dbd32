/** What is told to who shows nothing to be known by. */
export const NO_CREDENTIAL = {
  code: 'no-credential',
  detail: 'Send "Authorization: Bearer <API token>"; `flotilla token create` makes one',
} as const;
