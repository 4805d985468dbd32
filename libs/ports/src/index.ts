export type * from './access-store.js';
export type * from './bus.js';
export * from './clock.js';
export type * from './git-source.js';
export type * from './kube.js';
export * from './manual-clock.js';
export type * from './page.js';
export type * from './renderer.js';
export type * from './store.js';
