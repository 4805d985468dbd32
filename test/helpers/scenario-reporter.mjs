/** How many scenarios there are: fewer would look as green. */
const SCENARIOS = 21;

/** Prints on the very last line how many scenarios ran and how many did not end as they should. */
export default class ScenarioReporter {
  /** @param {{ rootDir: string }} globalConfig @param {{ scenarios?: number }} options */
  constructor(globalConfig, options = {}) {
    this.expected = options.scenarios ?? SCENARIOS;
    // A part of them, by name or by file, is for whoever writes them.
    this.isPart = Boolean(globalConfig.testNamePattern) || (globalConfig.testPathPatterns?.patterns?.length ?? 0) > 0;
  }

  onRunComplete(_contexts, results) {
    const scenarios = results.numPassedTests + results.numFailedTests;
    const escaped = results.numFailedTests + results.numRuntimeErrorTestSuites;
    this.missing = this.isPart ? 0 : this.expected - scenarios;
    process.on('exit', () => process.stdout.write(`${JSON.stringify({ scenarios, escaped })}\n`));
  }

  getLastError() {
    return this.missing <= 0
      ? undefined
      : new Error(`${this.expected} scenarios were expected, ${this.missing} less ran`);
  }
}
