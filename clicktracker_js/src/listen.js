/**
 * Listen without ever throwing, slowing a scroll or missing what the page stops.
 * @param {EventTarget} target
 * @param {string} type
 * @param {(event: any) => void} work
 */
export const on = (target, type, work) =>
  target.addEventListener(
    type,
    (event) => {
      try {
        work(event);
      } catch {
        // Nothing that goes wrong here may reach the page.
      }
    },
    { capture: true, passive: true },
  );
