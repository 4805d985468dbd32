// Loaded only when something went wrong. By its name, because whoever loads #kit whole packs all of it, the metrics and the log too.
export { describeFailure } from '#kit';
