import { describeRendererContract } from '#ports/contract-suites/renderer-contract-suite';
import { createFakeRenderer } from './fake-renderer.js';

describeRendererContract('the fake', async () => createFakeRenderer());
