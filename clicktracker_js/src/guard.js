/**
 * Nothing that goes wrong here may reach the page.
 * @template {any[]} A
 * @template R
 * @param {(...args: A) => R} work
 * @returns {(...args: A) => R | undefined}
 */
export const guarded = (work) => (...args) => {
  try {
    return work(...args);
  } catch {
    return undefined;
  }
};

/**
 * Listen without ever throwing, slowing a scroll or missing what the page stops.
 * @param {EventTarget} target
 * @param {string} type
 * @param {(event: any) => void} work
 */
export const on = (target, type, work) =>
  target.addEventListener(type, guarded(work), { capture: true, passive: true });
