/**
 * What is seen of what scrolls, in CSS pixels.
 * @param {{scrollLeft: number, scrollTop: number, scrollWidth: number, scrollHeight: number}} scroller
 */
export const view = ({ scrollWidth, scrollHeight, scrollLeft, scrollTop }) => ({
  vw: innerWidth,
  vh: innerHeight,
  dw: scrollWidth,
  dh: scrollHeight,
  sx: scrollLeft,
  sy: scrollTop,
  dpr: devicePixelRatio,
});
