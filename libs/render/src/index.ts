export * from './fake-renderer.js';
export { openRenderer, type RendererOptions } from './render.js';
export { RENDER_LIMITS, type RenderLimits } from './run-program.js';
