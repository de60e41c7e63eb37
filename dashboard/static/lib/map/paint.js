/** Colours of a map: clicks per 100 page views on a scale that never changes, and tiles of heat. Pure. */

/** Clicks per 100 page views at which the colours of `RAMP` are reached; between them they blend. */
export const STEPS = [0.1, 0.3, 1, 3, 10, 30];
/** Red, green, blue, opacity. */
const RAMP = [
  [59, 91, 219, 0.35],
  [16, 152, 173, 0.5],
  [64, 192, 87, 0.6],
  [250, 176, 5, 0.68],
  [247, 103, 7, 0.75],
  [224, 49, 49, 0.82],
];
/** Width and height in CSS pixels of what one pixel of a tile stands for. */
export const BIN = 4;
/** A click counts in full so far around it, and not at all from `REACH` on. */
const NEAR = 8;
const REACH = 24;
const SIDE = 2 * Math.ceil(REACH / BIN) + 1;
const KERNEL = Float32Array.from({ length: SIDE * SIDE }, (_, index) => {
  const middle = (SIDE - 1) / 2;
  const distance = BIN * Math.hypot((index % SIDE) - middle, Math.floor(index / SIDE) - middle);
  return Math.min(1, Math.max(0, (REACH - distance) / (REACH - NEAR)));
});

/**
 * @param {number} rate clicks per 100 page views, or what else the steps are of
 * @param {number[]} [steps]
 * @returns {number[]} red, green, blue from 0 to 255, opacity from 0 to 1
 */
export const colourOf = (rate, steps = STEPS) => {
  const last = steps.length - 1;
  if (!(rate > 0)) return [0, 0, 0, 0];
  if (rate >= steps[last]) return RAMP[last];
  const next = steps.findIndex((step) => rate < step);
  // Below the first step it fades out, so that one click of many thousand views can still be seen.
  if (!next) return [...RAMP[0].slice(0, 3), RAMP[0][3] * Math.max(0.25, rate / steps[0])];
  const part = Math.log(rate / steps[next - 1]) / Math.log(steps[next] / steps[next - 1]);
  return RAMP[next].map((value, index) => RAMP[next - 1][index] + (value - RAMP[next - 1][index]) * part);
};

/** Colours by the logarithm of the rate, so that each pixel is one look. */
const SHADES = 512;
/** @param {number[]} steps */
const shadesOf = (steps) => {
  const lowest = Math.log(steps[0] / 100);
  const span = Math.log(steps[steps.length - 1]) - lowest;
  const shades = new Uint8ClampedArray(4 * SHADES);
  for (let index = 0; index < SHADES; index++) {
    const [red, green, blue, opacity] = colourOf(Math.exp(lowest + (span * index) / (SHADES - 1)) * 1.000001, steps);
    shades.set([red, green, blue, 255 * opacity], 4 * index);
  }
  return { shades, lowest, span };
};

/**
 * Add up the heat of a part of the page and colour it.
 * @param {{x: number, y: number, count: number}[]} points in CSS pixels
 * @param {{left: number, top: number, width: number, height: number}} part of the page
 * @param {number} per what a count of one is on the scale: 100 / page views
 * @param {number[]} [steps] of the scale
 * @returns {{data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number, values: Float32Array}} a pixel for each `BIN`
 */
export const heatOf = (points, { left, top, width, height }, per, steps = STEPS) => {
  const across = Math.max(1, Math.ceil(width / BIN));
  const down = Math.max(1, Math.ceil(height / BIN));
  const values = new Float32Array(across * down);
  const middle = (SIDE - 1) / 2;
  for (const { x, y, count } of points) {
    const column = Math.round((x - left) / BIN - 0.5) - middle;
    const row = Math.round((y - top) / BIN - 0.5) - middle;
    if (row >= down || column >= across || row + SIDE <= 0 || column + SIDE <= 0) continue;
    const from = Math.max(0, -column);
    const to = Math.min(SIDE, across - column);
    for (let line = Math.max(0, -row); line < Math.min(SIDE, down - row); line++) {
      const place = (row + line) * across + column;
      for (let step = from; step < to; step++) values[place + step] += count * KERNEL[line * SIDE + step];
    }
  }
  const { shades, lowest, span } = shadesOf(steps);
  const data = new Uint8ClampedArray(4 * across * down);
  for (let index = 0; index < values.length; index++) {
    if (!values[index]) continue;
    const shade = Math.round(((Math.log(values[index] * per) - lowest) / span) * (SHADES - 1));
    const from = 4 * Math.min(SHADES - 1, Math.max(0, shade));
    for (let part = 0; part < 4; part++) data[4 * index + part] = shades[from + part];
  }
  return { data, width: across, height: down, values };
};
