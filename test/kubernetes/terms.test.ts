import { describeTermsSuite } from '../agent/terms-suite.js';
import { openReal } from './open-real.js';

describeTermsSuite('a real control plane', openReal);
