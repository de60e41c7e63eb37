/** What an answer of the collector means, and how long to wait after a failure. Arithmetic only. */

const FIRST_WAIT_MS = 3000;
const LONGEST_WAIT_MS = 30 * 60_000;
const CLOSED_WAIT_MS = 60 * 60_000;
const LONGEST_ASKED_MS = 24 * 60 * 60_000;

/**
 * @param {number} status 0 = no answer came
 * @returns {'stored' | 'split' | 'closed' | 'later'}
 */
export const meaningOf = (status) => {
  if (status >= 200 && status < 300) return 'stored';
  if (status == 400 || status == 413) return 'split';
  return status == 401 || status == 403 ? 'closed' : 'later';
};

/**
 * Milliseconds to wait before the next request.
 * @param {'closed' | 'later'} meaning
 * @param {number} failures so far, without a success between
 * @param {number} asked by the collector, 0 = nothing
 * @param {number} random 0 to 1
 */
export const waitAfter = (meaning, failures, asked, random) => {
  if (asked) return Math.min(asked, LONGEST_ASKED_MS);
  if (meaning == 'closed') return CLOSED_WAIT_MS;
  return Math.min(FIRST_WAIT_MS * 2 ** failures * (0.5 + random), LONGEST_WAIT_MS);
};

/**
 * Read `Retry-After`: seconds or a date.
 * @param {string | null} header
 * @param {number} now milliseconds
 * @returns {number} milliseconds, 0 = nothing was asked
 */
export const readRetryAfter = (header, now) => {
  if (!header) return 0;
  const asked = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return asked > 0 ? asked : 0;
};

/** @typedef {{from: number, until: number, failures: number}} Hold a stored wait, in milliseconds of the clock */

/**
 * Milliseconds still to wait. A clock that was set back ends the wait, or it could last for years.
 * @param {Hold | null} hold
 * @param {number} now
 */
export const stillHeld = (hold, now) => (hold && now >= hold.from ? Math.max(hold.until - now, 0) : 0);
