/** What the overlay draws on: parts of the page that scroll with it and are drawn once, and the screen for what stays. */

import { BIN, heatOf } from './lib/paint.js';

/** Height of a part in CSS pixels. */
const PART_PX = 1000;

/** @typedef {{x: number, y: number, count: number}} Point @typedef {{box: number[], colour: string, label: string}} Area */

/**
 * @param {HTMLElement} element
 * @param {Record<string, string>} values
 */
export const style = (element, values) => {
  // Not by an attribute, which the page's policy may forbid.
  for (const [name, value] of Object.entries(values)) element.style.setProperty(name, value, 'important');
  return element;
};

/** @param {HTMLCanvasElement} canvas @param {{left: number, top: number, width: number, height: number}} part @param {Point[]} points @param {Area[]} areas @param {number} per */
const paint = (canvas, part, points, areas, per) => {
  const heat = heatOf(points, part, per);
  // Pixels are the bins of the heat, which the browser smooths; boxes need more.
  const zoom = areas[0] ? 1 : 1 / BIN;
  canvas.width = areas[0] ? part.width : heat.width;
  canvas.height = areas[0] ? part.height : heat.height;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  if (zoom != 1) return pen.putImageData(new ImageData(heat.data, heat.width, heat.height), 0, 0);
  pen.translate(-part.left, -part.top);
  pen.font = '600 13px sans-serif';
  for (const { box, colour, label } of areas) {
    const [left, top, width, height] = box;
    if (top > part.top + part.height || top + height < part.top) continue;
    pen.fillStyle = colour;
    pen.fillRect(left, top, width, height);
    if (!label) continue;
    pen.fillStyle = '#0f172a';
    pen.fillRect(left, top, pen.measureText(label).width + 8, 19);
    pen.fillStyle = '#fff';
    pen.fillText(label, left + 4, top + 14);
  }
};

/**
 * @param {ShadowRoot} root
 */
export const makeSheet = (root) => {
  /** @type {Map<number, HTMLCanvasElement>} */
  const parts = new Map();
  /** @type {{points: Point[][], areas: Area[][], per: number, width: number, height: number}} */
  let drawn = { points: [[], [], []], areas: [[], [], []], per: 0, width: 0, height: 0 };
  /** Where what moves by itself was on the screen when it was drawn. */
  let last = '';
  const [still, moving] = [0, 1].map(() => {
    const canvas = document.createElement('canvas');
    root.append(canvas);
    return /** @type {HTMLCanvasElement} */ (style(canvas, { position: 'fixed', left: '0', top: '0', width: '100vw', height: '100vh' }));
  });

  /** Draw the parts that have come near the screen; those that are drawn stay as they are. */
  const fill = () => {
    const { scrollY } = window;
    const first = Math.floor((scrollY - innerHeight / 2) / PART_PX);
    const last = Math.floor((scrollY + 1.5 * innerHeight) / PART_PX);
    for (const [part, canvas] of parts) if (part < first || part > last) parts.delete(part) && canvas.remove();
    for (let part = Math.max(0, first); part <= last && part * PART_PX < drawn.height; part++) {
      if (parts.has(part)) continue;
      const canvas = document.createElement('canvas');
      const top = part * PART_PX;
      const height = Math.min(PART_PX, drawn.height - top);
      style(canvas, { position: 'absolute', left: '0', top: top + 'px', width: drawn.width + 'px', height: height + 'px' });
      paint(canvas, { left: 0, top, width: drawn.width, height }, drawn.points[0], drawn.areas[0], drawn.per);
      // Below the card, which must stay readable.
      root.prepend(canvas);
      parts.set(part, canvas);
    }
  };

  /** @param {HTMLCanvasElement} canvas @param {1 | 2} layer @param {number} left @param {number} top */
  const screen = (canvas, layer, left, top) => {
    const isEmpty = !drawn.points[layer][0] && !drawn.areas[layer][0];
    style(canvas, { display: isEmpty ? 'none' : 'block' });
    if (!isEmpty) paint(canvas, { left, top, width: innerWidth, height: innerHeight }, drawn.points[layer], drawn.areas[layer], drawn.per);
  };

  /** @param {Point[]} points @param {Area[]} areas */
  const keyOf = (points, areas) =>
    [...points.map(({ x, y }) => [x, y]), ...areas.map(({ box }) => box)].map(([x, y, ...size]) => [x - window.scrollX, y - window.scrollY, ...size].map(Math.round)).join();

  return {
    fill,
    /** Draw all anew. @param {typeof drawn} values */
    draw: (values) => {
      drawn = values;
      for (const canvas of parts.values()) canvas.remove();
      parts.clear();
      fill();
      screen(still, 1, 0, 0);
      screen(moving, 2, window.scrollX, window.scrollY);
      last = keyOf(values.points[2], values.areas[2]);
    },
    /** Draw what moves by itself. @param {Point[]} points @param {Area[]} areas */
    move: (points, areas) => {
      // What sticks stays where it is: nothing is drawn again.
      const now = keyOf(points, areas);
      if (now == last) return;
      last = now;
      drawn.points[2] = points;
      drawn.areas[2] = areas;
      screen(moving, 2, window.scrollX, window.scrollY);
    },
  };
};
