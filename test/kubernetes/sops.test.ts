import { describeSopsSuite } from '../agent/sops-suite.js';
import { openReal } from './open-real.js';

describeSopsSuite('a real control plane', openReal);
