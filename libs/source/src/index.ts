export * from './charts/fake-chart-source.js';
export * from './charts/open-chart-source.js';
export * from './check-url.js';
export * from './fake-git-source.js';
export * from './git-mirror.js';
export { sshKeyProblem } from './git-access.js';
export { repositoryOf } from './parse-git-url.js';
