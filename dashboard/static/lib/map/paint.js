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

/** The upper half of a 32-bit float: sign, exponent and 7 bits, enough for a colour. @param {number} value */
const halfOf = (value) => new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16;

/** @type {Map<number[], {lowest: number, shades: Uint32Array}>} */
const known = new Map();

/** Colours by the upper half of the rate, so that each pixel is one look. @param {number[]} steps */
const shadesOf = (steps) => {
  let found = known.get(steps);
  if (!found) {
    const lowest = halfOf(steps[0] / 4);
    const bytes = new Uint8ClampedArray(4 * (halfOf(steps[steps.length - 1]) - lowest + 1));
    for (let index = 0; 4 * index < bytes.length; index++) {
      const rate = new Float32Array(Uint32Array.of((lowest + index) * 65536 + 32768).buffer)[0];
      const [red, green, blue, opacity] = colourOf(rate, steps);
      bytes.set([red, green, blue, 255 * opacity], 4 * index);
    }
    found = { lowest, shades: new Uint32Array(bytes.buffer) };
    known.set(steps, found);
  }
  return found;
};

/**
 * Add up the heat of a part of the page and colour it.
 * @param {{x: number, y: number, count: number}[]} points in CSS pixels
 * @param {{left: number, top: number, width: number, height: number}} part of the page
 * @param {number} per what a count of one is on the scale: 100 / page views
 * @param {number[]} [steps] of the scale
 * @returns {{data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number, values: Float32Array}}
 *   a pixel for each `BIN`; `values` on the scale
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
  const { shades, lowest } = shadesOf(steps);
  const data = new Uint32Array(across * down);
  const halves = new Uint32Array(values.buffer);
  const most = shades.length - 1;
  for (let index = 0; index < values.length; index++) {
    if (!values[index]) continue;
    values[index] *= per;
    const shade = (halves[index] >>> 16) - lowest;
    data[index] = shades[shade < 0 ? 0 : shade > most ? most : shade];
  }
  return { data: new Uint8ClampedArray(data.buffer), width: across, height: down, values };
};
