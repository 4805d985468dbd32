// Runs once everything is ready; see deploy/ready.mjs. The demo itself is part of the simulator.
import '../../dist/apps/simulator/src/demo/main.js';
