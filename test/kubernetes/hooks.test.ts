import { describeHooksSuite } from '../agent/hooks-suite.js';
import { openReal } from './open-real.js';

describeHooksSuite('a real control plane', openReal, [4, 9]);
