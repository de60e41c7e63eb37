/** What follows an answer other than 2xx, or none; loaded with the first failure. */

import { HOLD, holdAfter } from '../retry.js';

/**
 * Wait, or halve what the collector does not take, until only the bad event is given up.
 * @param {import('../kit.js').Kit} kit
 * @param {Response | undefined} answer
 * @param {string[]} keys of the events that were sent
 * @returns {number | undefined} how many events the next request may hold
 */
export const run = ({ read, write, remove, silenced, countDropped }, answer, keys) => {
  if (silenced()) return;
  const status = answer?.status;
  if (status != 400 && status != 413) {
    write(HOLD, holdAfter(status, answer?.headers.get('Retry-After'), read(HOLD)?.failures || 0, Date.now(), Math.random()));
    return;
  }
  remove(HOLD);
  if (!keys[1]) {
    remove(keys[0]);
    countDropped({ [status == 400 ? 'refused' : 'too_large']: 1 });
  }
  return Math.ceil(keys.length / 2);
};
