/** Follows the mouse, sampled and within a budget of bytes; loaded where `data-move="true"`. */

import { on } from '../lib/attempt.js';
import { isMasked, nearest, pathOf, placeOf } from '../path.js';

/** Shortest time between two points, in milliseconds. */
const SAMPLE_MS = 100;
/** Shortest distance between two points, in pixels. */
const STEP_PX = 8;
/** Points of one event that the collector accepts. */
const POINTS = 500;
/** Budget of one page view in characters, which are bytes here: the mouse matters less than clicks. */
const BUDGET = 24_000;
/** Approximate length of one point as JSON. */
const POINT_CHARACTERS = 22;

/** @param {import('../context.js').Context} context */
export const run = ({ selectorOf, reporters, record, pageAge }) => {
  /** @type {string[]} */
  let anchors = [];
  /** @type {number[][]} */
  let points = [];
  let budget = BUDGET;
  let last = { at: -SAMPLE_MS, x: -STEP_PX, y: 0, age: 0 };

  const reportMove = () => {
    if (points[0]) record('move', { move: { anchors, points } });
    anchors = [];
    points = [];
  };

  /** Index among the anchors; -1 when there is no selector. @param {string | null} selector */
  const indexOf = (selector) => {
    if (selector == null) return -1;
    if (!anchors.includes(selector)) {
      anchors.push(selector);
      budget -= selector.length;
    }
    return anchors.indexOf(selector);
  };

  on(window, 'pointermove', (/** @type {PointerEvent} */ event) => {
    const age = pageAge();
    // Each page view has a budget of its own.
    if (age < last.age) budget = BUDGET;
    const distance = Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
    if (event.timeStamp - last.at < SAMPLE_MS || distance < STEP_PX || budget < 0) return;
    last = { at: event.timeStamp, x: event.clientX, y: event.clientY, age };
    const path = pathOf(event);
    if (nearest(path, '[data-logdig-ignore]')) return;
    const { anchor, ex, ey } = placeOf(path, event);
    budget -= POINT_CHARACTERS;
    points.push([indexOf(selectorOf(anchor, isMasked(path))), ex, ey, age]);
    if (points.length >= POINTS) reportMove();
  });
  reporters.push(reportMove);
};
