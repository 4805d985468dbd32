import { describeAsksSuite } from '../agent/asks-suite.js';
import { openReal } from './open-real.js';

describeAsksSuite('a real control plane', openReal);
