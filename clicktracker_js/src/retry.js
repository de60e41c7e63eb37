/** Until when nobody sends. Arithmetic only, in milliseconds. */

import { CLOSED_WAIT_MS, FIRST_WAIT_MS, LONGEST_ASKED_MS, LONGEST_WAIT_MS } from './limits.js';

/**
 * Where it is stored: after a failure, or because a tab is sending. So no tab waits for ever for one that was closed or
 * frozen; two that begin in the same instant send twice what the tables hold once.
 */
export const HOLD = 'logdig:hold';

/** @typedef {{from: number, until: number, failures?: number}} Hold a wait, by the browser's clock */

/**
 * @param {number | undefined} status undefined = no answer came
 * @param {string | null | undefined} asked the header `Retry-After`: seconds or a date
 * @param {number} failures so far, without a success between
 * @param {number} now
 * @param {number} random 0 to 1
 * @returns {Hold}
 */
export const holdAfter = (status, asked, failures, now, random) => {
  const own =
    status == 401 || status == 403
      ? CLOSED_WAIT_MS
      : Math.min(FIRST_WAIT_MS * 2 ** failures * (0.5 + random), LONGEST_WAIT_MS);
  const named = asked ? +asked * 1000 || Date.parse(asked) - now : 0;
  const wait = named > 0 ? Math.min(named, LONGEST_ASKED_MS) : own;
  return { from: now, until: now + wait, failures: failures + 1 };
};

/**
 * Still to wait. A clock that was set back ends the wait, or it could last for years.
 * @param {Hold | null} hold
 * @param {number} [now]
 */
export const stillHeld = (hold, now = Date.now()) => (hold && now >= hold.from ? Math.max(hold.until - now, 0) : 0);
