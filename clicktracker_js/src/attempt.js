/** Nothing that goes wrong in here may reach the page. */

/**
 * Do what may throw; then the answer is undefined.
 * @template T
 * @param {() => T} work
 * @param {(error: unknown) => void} [failed] is told why
 * @returns {T | undefined}
 */
export const attempt = (work, failed) => {
  try {
    return work();
  } catch (error) {
    failed?.(error);
  }
};

/**
 * Listen without ever throwing, slowing a scroll or missing what the page stops.
 * @param {EventTarget} target
 * @param {string} types of events, parted by spaces
 * @param {(event: any) => void} work
 */
export const on = (target, types, work) =>
  types
    .split(' ')
    .forEach((type) =>
      target.addEventListener(type, (event) => attempt(() => work(event)), { capture: true, passive: true }),
    );

/**
 * Work after the next frame, when what is measured costs no layout.
 * @param {() => void} work
 */
export const afterFrame = (work) => requestAnimationFrame(() => setTimeout(() => attempt(work)));
