/** Keeps errors away from the page. */

/**
 * Run work that may throw; the result is undefined if it does.
 * @template T
 * @param {() => T} work
 * @param {(error: unknown) => void} [onError]
 * @returns {T | undefined}
 */
export const attempt = (work, onError) => {
  try {
    return work();
  } catch (error) {
    onError?.(error);
  }
};

/**
 * Listen without throwing and without slowing down scrolling. Capture also sees events that the page stops.
 * @param {EventTarget} target
 * @param {string} types of events, separated by spaces
 * @param {(event: any) => void} listener
 */
export const on = (target, types, listener) =>
  types
    .split(' ')
    .forEach((type) =>
      target.addEventListener(type, (event) => attempt(() => listener(event)), { capture: true, passive: true }),
    );

/**
 * Run work after the next frame, when measuring forces no layout.
 * @param {() => void} work
 */
export const afterFrame = (work) => requestAnimationFrame(() => setTimeout(() => attempt(work)));
