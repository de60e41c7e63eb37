/**
 * One tab at a time. Where locks are missing the work is done anyway: every event has a key and an id of its own, so
 * the worst is an event sent twice, which the tables hold once.
 */

/**
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} work does not throw
 * @param {LockOptions} [options] with `ifAvailable` the work is left out while another tab holds the lock
 * @returns {Promise<T | undefined>}
 */
export const alone = async (name, work, options = {}) => {
  if (!navigator.locks) return work();
  let asked = true;
  try {
    return await navigator.locks.request('logdig:' + name, options, (lock) => {
      asked = false;
      return lock ? work() : undefined;
    });
  } catch {
    // A document that may not use locks (sandboxed, or on its way out).
    return asked ? work() : undefined;
  }
};
