import { makeNkey, nkeyFromSeed } from './nkey.js';

/** An agent's own key. The seed never leaves the agent. */
export function makeAgentKey(): { readonly publicKey: string; readonly seed: string } {
  const { publicKey, seed } = makeNkey('user');
  return { publicKey, seed };
}

/**
 * Signs a text, such as the proof of a join, by an agent's key: base64url.
 * @throws RejectedError `bad-nkey-seed`
 */
export function signByAgentKey(seed: string, text: string): string {
  return nkeyFromSeed(seed).sign(Buffer.from(text)).toString('base64url');
}
