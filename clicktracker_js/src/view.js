/**
 * The viewport, and the size and place of the scroll container, in CSS pixels.
 * @param {import('./config.js').Scroller} scroller
 */
export const view = (scroller) => ({
  vw: +innerWidth,
  vh: +innerHeight,
  dw: scroller.scrollWidth,
  dh: scroller.scrollHeight,
  sx: scroller.scrollLeft,
  sy: scroller.scrollTop,
  dpr: +devicePixelRatio,
});
