/** As in package.json, which the bundle does not hold; a test keeps them one. */
export const AGENT_VERSION = '0.1.0';
