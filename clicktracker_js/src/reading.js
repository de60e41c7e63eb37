/** How far and how long a page view is read: running totals, told whenever the page hides and when the view ends. */

import { noteEffect } from './after.js';
import { afterFrame, on } from './attempt.js';
import { config } from './config.js';
import { IDLE_MS } from './limits.js';
import { record } from './recorder.js';

let depth_px = 0;
let depth_share = 0;
let engaged = 0;
let told = 0;
/** The latest sign of life; 0 while nothing is seen. */
let lively = 0;

/** Count the time since the latest sign of life, but not all of a long silence. */
export const live = () => {
  const now = performance.now();
  if (lively) engaged += Math.min(now - lively, IDLE_MS);
  lively = document.hidden ? 0 : now;
};

/** Look how far the page is read. Not while layout is due. */
const measure = () => {
  const scroller = config.scroller();
  const seen = scroller.scrollTop + scroller.clientHeight;
  if (seen <= depth_px) return;
  depth_px = seen;
  depth_share = Math.min(seen / scroller.scrollHeight, 1);
};

/** Say what the totals are, if they changed. @param {boolean} [last] the page goes */
const tellReading = (last) => {
  live();
  if (last) lively = 0;
  const engaged_ms = Math.round(engaged);
  if (engaged_ms != told) record('scroll', { scroll: { depth_px, depth_share, engaged_ms } });
  told = engaged_ms;
};

/** What has something to say of a page view before it ends or hides. */
export const tellers = [tellReading];

/** @param {boolean} [last] the page goes */
export const tell = (last) => tellers.forEach((teller) => teller(last));

/** A new page view is read from its top. */
export const beginReading = () => {
  live();
  depth_px = engaged = told = 0;
  afterFrame(measure);
};

export const watchReading = () => {
  on(window, 'pointermove pointerdown keydown scroll', live);
  on(window, 'scroll', () => {
    noteEffect('scroll_ms');
    afterFrame(measure);
  });
};
