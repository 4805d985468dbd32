import { describeLeavingSuite } from '../agent/leaving-suite.js';
import { openReal } from './open-real.js';

describeLeavingSuite('a real control plane', openReal);
