/** Scroll depth and engaged time of a page view: running totals, reported when the page hides and when the view ends. */

import { config } from './config.js';
import { noteEffect } from './effects.js';
import { afterFrame, on } from './lib/attempt.js';
import { IDLE_MS, STILL_MS } from './limits.js';
import { record } from './recorder.js';

let depth_px = 0;
/** Scroll offset and heights of viewport and page, as they were last laid out. */
let offset = 0;
let screen = 0;
let height = 0;
/** Scroll offset that the page view before left; -1 = there was none. */
let leftover = 0;
/** When the height changed last; long ago once the visitor scrolls. */
let changedAt = 0;
let engaged = 0;
let reported = 0;
/** Time of the visitor's latest activity; 0 while the page is hidden. */
let activeAt = 0;
/** @type {ResizeObserver} */
let observer;

/** Count the time since the latest activity, at most `IDLE_MS` of it. */
export const countEngaged = () => {
  const now = performance.now();
  if (activeAt) engaged += Math.min(now - activeAt, IDLE_MS);
  activeAt = document.hidden ? 0 : now;
};

/** The first screen counts at once, the rest when content that comes late is there, and routers have gone to the top. */
const countDepth = () => {
  const isStill = performance.now() - changedAt > STILL_MS && offset != leftover;
  depth_px = Math.max(depth_px, screen + (isStill ? offset : 0));
};

/** Read where the page is. Call it only when it forces no layout. */
const measure = () => {
  countDepth();
  const { scrollTop, clientHeight, scrollHeight } = config.scrollerOf();
  if (changedAt > 0 && scrollHeight != height) changedAt = performance.now();
  offset = scrollTop;
  screen = clientHeight;
  height = scrollHeight;
  countDepth();
};

/** Record the totals if they changed. @param {boolean} [leaving] the page goes */
const reportEngagement = (leaving) => {
  countEngaged();
  if (leaving) activeAt = 0;
  countDepth();
  const engaged_ms = Math.round(engaged);
  const depth_share = Math.min(depth_px / height, 1) || 0;
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
  // The first view has its own, as that of an address with a fragment.
  leftover = height ? offset : -1;
  depth_px = screen = engaged = reported = 0;
  changedAt = performance.now();
  afterFrame(() => {
    measure();
    observer ||= new ResizeObserver(measure);
    observer.observe(document.documentElement);
    observer.observe(document.body);
  });
};

export const watchEngagement = () => {
  on(window, 'pointermove pointerdown keydown scroll', countEngaged);
  on(window, 'wheel touchmove keydown', () => {
    changedAt = -STILL_MS;
  });
  on(window, 'scroll', () => {
    noteEffect('scroll_ms');
    afterFrame(measure);
  });
};
