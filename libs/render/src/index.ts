export * from './fake-renderer.js';
export { chartAsksForApis } from './helm/chart-asks-for-apis.js';
export { openRenderer, type RendererOptions } from './render.js';
export { RENDER_LIMITS, type RenderLimits } from './run-program.js';
