/** Handles a failed request: any response other than 2xx, or none; loaded with the first one. */

import { HOLD, holdAfter } from '../retry.js';

/**
 * Wait; or, when the collector rejects the batch, halve it until only the bad event is dropped.
 * @param {import('../context.js').Context} context
 * @param {Response | undefined} response
 * @param {string[]} keys of the events that were sent
 * @returns {number | undefined} how many events the next request may hold
 */
export const run = ({ read, write, remove, isOptedOut, countDropped }, response, keys) => {
  if (isOptedOut()) return;
  const status = response?.status;
  if (status != 400 && status != 413) {
    const failures = read(HOLD)?.failures || 0;
    write(HOLD, holdAfter(status, response?.headers.get('Retry-After'), failures, Date.now(), Math.random()));
    return;
  }
  remove(HOLD);
  if (!keys[1]) {
    remove(keys[0]);
    countDropped({ [status == 400 ? 'refused' : 'too_large']: 1 });
  }
  return Math.ceil(keys.length / 2);
};
