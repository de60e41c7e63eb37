/**
 * One tab at a time. Where locks are missing or refused the work is done anyway: every event has a key and an id of its
 * own, so none is lost or counted twice.
 * @param {() => unknown} work does not throw
 */
export const alone = (work) =>
  navigator.locks ? navigator.locks.request('logdig', () => work()).catch(() => work()) : work();
