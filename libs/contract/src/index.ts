export * from './http.js';
export * from './issues.js';
export * from './json-schema.js';
export * from './primitives.js';
export * from './resources.js';
export * from './wire.js';
