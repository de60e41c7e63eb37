/** Scroll depth and engaged time of a page view: running totals, reported when the page hides and when the view ends. */

import { config } from './config.js';
import { noteEffect } from './effects.js';
import { afterFrame, on } from './lib/attempt.js';
import { IDLE_MS } from './limits.js';
import { record } from './recorder.js';

let depth_px = 0;
let depth_share = 0;
let engaged = 0;
let reported = 0;
/** Time of the visitor's latest activity; 0 while the page is hidden. */
let activeAt = 0;

/** Count the time since the latest activity, at most `IDLE_MS` of it. */
export const countEngaged = () => {
  const now = performance.now();
  if (activeAt) engaged += Math.min(now - activeAt, IDLE_MS);
  activeAt = document.hidden ? 0 : now;
};

/** Update the scroll depth. Call it only when it forces no layout. */
const measureDepth = () => {
  const scroller = config.scrollerOf();
  const bottom = scroller.scrollTop + scroller.clientHeight;
  if (bottom <= depth_px) return;
  depth_px = bottom;
  depth_share = Math.min(bottom / scroller.scrollHeight, 1);
};

/** Record the totals if they changed. @param {boolean} [leaving] the page goes */
const reportEngagement = (leaving) => {
  countEngaged();
  if (leaving) activeAt = 0;
  const engaged_ms = Math.round(engaged);
  if (engaged_ms != reported) record('scroll', { scroll: { depth_px, depth_share, engaged_ms } });
  reported = engaged_ms;
};

/** Run before a page view ends or hides. */
export const reporters = [reportEngagement];

/** @param {boolean} [leaving] the page goes */
export const report = (leaving) => reporters.forEach((reporter) => reporter(leaving));

/** Start the totals of a new page view. */
export const resetEngagement = () => {
  countEngaged();
  depth_px = engaged = reported = 0;
  afterFrame(measureDepth);
};

export const watchEngagement = () => {
  on(window, 'pointermove pointerdown keydown scroll', countEngaged);
  on(window, 'scroll', () => {
    noteEffect('scroll_ms');
    afterFrame(measureDepth);
  });
};
