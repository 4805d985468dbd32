/** Prints the totals alone on the very last line, so that a script reads them without parsing anything else. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`;
    // The summary reporter writes to stderr; ours comes after it on stdout when jest has ended.
    process.on('exit', () => process.stdout.write(line));
  }
}
