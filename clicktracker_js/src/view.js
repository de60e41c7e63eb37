/** What is seen of the page, in CSS pixels. */
export const view = () => {
  const { scrollWidth, scrollHeight } = document.documentElement;
  return {
    vw: innerWidth,
    vh: innerHeight,
    dw: scrollWidth,
    dh: scrollHeight,
    sx: scrollX,
    sy: scrollY,
    dpr: devicePixelRatio,
  };
};
