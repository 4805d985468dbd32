import { describeLeakSuite } from '../agent/leak-suite.js';
import { openReal } from './open-real.js';

describeLeakSuite('a real control plane', openReal);
