/** Follows the mouse, sampled and thinned, within a budget of bytes; loaded where `data-move="true"` asks for it. */

import { on } from '../attempt.js';
import { anchorOf, isMasked, nearest, pathOf, share } from '../path.js';

/** A place is taken at most so often, in milliseconds. */
const SAMPLE_MS = 100;
/** A shorter way than this many pixels is left out. */
const STEP_PX = 8;
/** What the collector takes in one event. */
const POINTS = 500;
/** What one page view may cost, in characters, which are bytes here: the mouse matters less than clicks. */
const BUDGET = 24_000;
/** A point as JSON is about so long. */
const POINT_CHARACTERS = 22;

/** @param {import('../kit.js').Kit} kit */
export const run = ({ selectorOf, tellers, record, pageAge }) => {
  /** @type {string[]} */
  let anchors = [];
  /** @type {number[][]} */
  let points = [];
  let left = BUDGET;
  let last = { at: -SAMPLE_MS, x: -STEP_PX, y: 0, age: 0 };

  const tell = () => {
    if (points[0]) record('move', { move: { anchors, points } });
    anchors = [];
    points = [];
  };

  /** Place among the anchors; -1 when its selector is too long. @param {string | null} selector */
  const indexOf = (selector) => {
    if (selector == null) return -1;
    if (!anchors.includes(selector)) {
      anchors.push(selector);
      left -= selector.length;
    }
    return anchors.indexOf(selector);
  };

  on(window, 'pointermove', (/** @type {PointerEvent} */ event) => {
    const age = pageAge();
    // A new page view has a budget of its own.
    if (age < last.age) left = BUDGET;
    const way = Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
    if (event.timeStamp - last.at < SAMPLE_MS || way < STEP_PX || left < 0) return;
    last = { at: event.timeStamp, x: event.clientX, y: event.clientY, age };
    const path = pathOf(event);
    if (nearest(path, '[data-logdig-ignore]')) return;
    const anchor = anchorOf(path);
    const box = anchor.getBoundingClientRect();
    left -= POINT_CHARACTERS;
    points.push([
      indexOf(selectorOf(anchor, isMasked(path))),
      share(event.clientX - box.left, box.width),
      share(event.clientY - box.top, box.height),
      age,
    ]);
    if (points.length >= POINTS) tell();
  });
  tellers.push(tell);
};
