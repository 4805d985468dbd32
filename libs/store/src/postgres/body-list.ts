/** ASCII's record separator: as a control character, JSON always writes it escaped. */
const SEPARATOR = '\u001e';

/**
 * JSON texts as one parameter, which `bodiesOf` takes apart again. As an array, the driver would escape each quote of each body:
 * for 10,000 rows 200 ms instead of 5.
 */
export function bodyList(bodies: readonly string[]): string {
  return bodies.join(SEPARATOR);
}

/** The SQL array of texts that a parameter made by bodyList holds. */
export function bodiesOf(parameter: `$${number}`): string {
  return `string_to_array(${parameter}::text, U&'\\001e')`;
}
