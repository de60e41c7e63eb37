import { SHARED_MS } from './limits.js';

/**
 * One tab at a time. After writing, the lock is held a little longer: browsers show other tabs what was stored only
 * after a while, and the next tab must count on from there. Where locks are missing or refused the work is done anyway:
 * every event has a key and an id of its own, so none is lost or counted twice.
 * @param {() => unknown} work tells whether it wrote; does not throw
 */
export const alone = (work) => {
  const hold = () => work() && new Promise((release) => setTimeout(release, SHARED_MS));
  return navigator.locks ? navigator.locks.request('logdig', hold).catch(work) : work();
};
