/** How long to wait before the next request, in milliseconds. Pure functions. */

import { FIRST_WAIT_MS, LONGEST_RETRY_AFTER_MS, LONGEST_WAIT_MS, UNAUTHORIZED_WAIT_MS } from './limits.js';

/**
 * Storage key of the hold: no tab sends until it ends. It is set after a failure and while a tab sends. It has an end, so
 * no tab waits for ever for one that was closed or frozen. Two tabs that start in the same instant may send the same
 * events twice; the tables hold them once.
 */
export const HOLD = 'logdig:hold';

/**
 * By the browser's clock; `to` is the endpoint and token it holds for, `status` the response it follows, 0 = none.
 * @typedef {{from: number, until: number, failures?: number, to?: string, status?: number}} Hold
 */

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
  return { from: now, until: now + wait, failures: failures + 1, status: status || 0 };
};

/**
 * Milliseconds left. A hold ends when the clock is set back, or it could last for years.
 * @param {Partial<Hold>} hold whatever is stored
 * @param {number} [now]
 */
export const holdLeft = (hold, now = Date.now()) => {
  const { from, until } = /** @type {Hold} */ (hold);
  return now >= from && until - from <= LONGEST_RETRY_AFTER_MS ? Math.max(until - now, 0) : 0;
};

/**
 * Until when nothing is sent and why, for a person.
 * @param {Hold} hold
 * @param {string} api base URL of the collector
 */
export const describeHold = ({ until, status }, api) => {
  const why = status ? `${api} answered ${status}` : `there was no response from ${api}`;
  const hint =
    status == 401 || status == 403 ? '; another token or endpoint in the tag ends the wait' : '; events stay queued';
  return `nothing is sent until ${new Date(until).toISOString()}, since ${why}${hint}`;
};
