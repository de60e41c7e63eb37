/**
 * Run work in one tab at a time. After a write the lock is held a little longer: browsers show other tabs a change of
 * localStorage only after a delay, and the next tab must see it. Without Web Locks, or when they are refused, the work
 * runs without a lock.
 * @param {string} name of the lock
 * @param {number} extraMs how long the lock is held after a write, in milliseconds
 * @param {() => unknown} work returns whether it wrote; does not throw
 */
export const withLock = (name, extraMs, work) => {
  const locked = () => work() && new Promise((release) => setTimeout(release, extraMs));
  return navigator.locks ? navigator.locks.request(name, locked).catch(work) : work();
};
