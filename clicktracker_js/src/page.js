/** Page views: when one begins, and what it says about itself. */

import { cleanAddress } from './address.js';
import { clean, randomText } from './text.js';

const VIEW_ID_LENGTH = 20;

/** @type {{id: string, began: number, address: string, counted: number}} */
let current = { id: '', began: 0, address: '', counted: 0 };

export const beginPageView = () => {
  current = { id: randomText(VIEW_ID_LENGTH), began: performance.now(), address: '', counted: 0 };
  return current;
};

export const pageView = () => current;

/** @typedef {typeof current} PageView */

/** What is recorded of the page itself. */
export const pagePart = () => ({
  referrer: cleanAddress(document.referrer) || null,
  title: clean(document.title, 512),
  language: clean(navigator.language || '', 35),
});

/** When a prerendered page is shown; at once on any other. @param {() => void} begin */
export const whenShown = (begin) =>
  /** @type {any} */ (document).prerendering ? document.addEventListener('prerenderingchange', begin, { once: true }) : begin();
