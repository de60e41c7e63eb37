/** What is seen of the page, in CSS pixels. */
export const view = () => {
  const root = document.documentElement;
  return {
    vw: innerWidth,
    vh: innerHeight,
    dw: root.scrollWidth,
    dh: root.scrollHeight,
    sx: Math.round(scrollX),
    sy: Math.round(scrollY),
    dpr: Math.round(devicePixelRatio * 100) / 100,
  };
};
