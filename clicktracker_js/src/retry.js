/** How long to wait before the next request, in milliseconds. Pure functions. */

import { FIRST_WAIT_MS, LONGEST_RETRY_AFTER_MS, LONGEST_WAIT_MS, UNAUTHORIZED_WAIT_MS } from './limits.js';

/**
 * Storage key of the hold: no tab sends until it ends. It is set after a failure and while a tab sends. It has an end, so
 * no tab waits for ever for one that was closed or frozen. Two tabs that start in the same instant may send the same
 * events twice; the tables hold them once.
 */
export const HOLD = 'logdig:hold';

/** @typedef {{from: number, until: number, failures?: number}} Hold by the browser's clock */

/**
 * The hold after a failure.
 * @param {number | undefined} status undefined = no response
 * @param {string | null | undefined} retryAfter the header `Retry-After`: seconds or a date
 * @param {number} failures in a row so far
 * @param {number} now
 * @param {number} random 0 to 1
 * @returns {Hold}
 */
export const holdAfter = (status, retryAfter, failures, now, random) => {
  const backoff =
    status == 401 || status == 403
      ? UNAUTHORIZED_WAIT_MS
      : Math.min(FIRST_WAIT_MS * 2 ** failures * (0.5 + random), LONGEST_WAIT_MS);
  const requested = retryAfter ? +retryAfter * 1000 || Date.parse(retryAfter) - now : 0;
  const wait = requested > 0 ? Math.min(requested, LONGEST_RETRY_AFTER_MS) : backoff;
  return { from: now, until: now + wait, failures: failures + 1 };
};

/**
 * Milliseconds left. A hold ends when the clock is set back, or it could last for years.
 * @param {Hold | null} hold
 * @param {number} [now]
 */
export const holdLeft = (hold, now = Date.now()) => (hold && now >= hold.from ? Math.max(hold.until - now, 0) : 0);
