/** When to try again. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Returns milliseconds to wait after `failures` failures in a row: quick at first, at most 30 s, and spread, so
 * that the volunteers of a server that restarted do not all come back in the same moment.
 *
 * @param failures at least 1
 * @param random from 0 to 1
 */
export function backoffMs(failures: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.round(longest * (0.75 + 0.25 * random));
}

const FIRST_REFUSAL_MS = 12_000;
const LONGEST_REFUSAL_MS = 120_000;

/**
 * Returns milliseconds to wait after a job has refused this volunteer `refusals` times in a row, because it has
 * enough of them: never less than 10 s.
 *
 * @param refusals at least 1
 * @param random from 0 to 1
 */
export function refusedMs(refusals: number, random: number): number {
  const longest = Math.min(LONGEST_REFUSAL_MS, FIRST_REFUSAL_MS * 2 ** (refusals - 1));
  return Math.round(longest * (0.85 + 0.15 * random));
}
