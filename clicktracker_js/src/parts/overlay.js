/** The map on the live page; loaded only in a window that a dashboard has opened for it. */

import { afterFrame } from '../lib/attempt.js';
import { afterCall } from '../lib/wrap.js';
import { makeMap } from '../overlay-map.js';

/**
 * What the dashboard sends. A mode draws heat of `cells` if `per` is not 0, coloured boxes of elements, bands of the page.
 * @typedef {object} Mode
 * @property {string} title
 * @property {string} unit of the account
 * @property {string} note
 * @property {any[][]} cells of the account: element, fixed, levels, place, count
 * @property {number} missing count that has no place
 * @property {number} per what a count of one is on the scale
 * @property {[element: number, colour: string, label: string][]} boxes
 * @property {[top: number, height: number, top_px: number, height_px: number, left_px: number, colour: string, label: string][]} bands
 *   `top` and `height` are shares of the page's height, to which the pixels are added
 * @typedef {object} Sent
 * @property {[selector: string, link: string | null][]} asked the elements
 * @property {[element: number, text: string][]} told what the pointer reads of elements
 * @property {string[]} words for the four parts of the account, and for the choice of the mode
 * @property {Mode[]} modes
 * @property {number} at index of the mode that is shown first
 */

const LOOPBACK = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
/** More than a map has; the rest is left out. */
const MOST = 20_000;
/** Longest text in characters. */
const LONGEST = 1000;

/** @param {unknown} value */
const isNumber = (value) => typeof value == 'number' && isFinite(value);
/** @param {unknown} value */
const isText = (value) => typeof value == 'string' && value.length < LONGEST;
/** @param {unknown} value @param {(one: any) => boolean} isRight @returns {any[]} */
const listOf = (value, isRight) => (Array.isArray(value) ? value.slice(0, MOST).filter(isRight) : []);
/** Rows of so many numbers, then texts. @param {unknown} value @param {number} numbers @param {number} texts */
const rowsOf = (value, numbers, texts) =>
  listOf(value, (one) => Array.isArray(one) && one.length == numbers + texts && one.every((part, place) => (place < numbers ? isNumber : isText)(part)));

/** What may be drawn of a message: numbers, selectors and plain texts, nothing else. @param {any} data @returns {Sent} */
const checked = ({ asked, told, words, modes, at }) => ({
  asked: listOf(asked, (one) => Array.isArray(one) && typeof one[0] == 'string' && (one[1] === null || typeof one[1] == 'string')),
  told: rowsOf(told, 1, 1),
  words: listOf(words, isText),
  at: isNumber(at) ? at : 0,
  modes: listOf(modes, (one) => one && [one.title, one.unit, one.note].every(isText) && [one.per, one.missing].every(isNumber)).map(
    ({ title, unit, note, per, missing, cells, boxes, bands }) => ({
      title, unit, note, per, missing,
      cells: listOf(cells, (one) => Array.isArray(one) && isNumber(one[6]) && [0, 2, 3, 4, 5].every((place) => one[place] === null || isNumber(one[place]))),
      boxes: rowsOf(boxes, 1, 2),
      bands: rowsOf(bands, 5, 2),
    }),
  ), // prettier-ignore
});

/**
 * @param {import('../context.js').Context} context
 * @param {(isStaff: boolean) => void} setStaff
 */
export const run = ({ config }, setStaff) => {
  const { opener, name } = window;
  // The dashboard tells its origin by the name that it gave the window; nobody else's is believed.
  const origin = name.split(' ')[1];
  const allowed = config.dashboard ? new URL(config.dashboard, location.href).origin : '';
  if (!opener || !(LOOPBACK.test(origin) || origin == allowed)) return;
  /** @type {ReturnType<typeof makeMap> | undefined} */
  let map;
  let told = '';
  /** Ask for the map of this page; only a window of that origin hears it. */
  const ready = () => {
    const address = location.origin + location.pathname + location.search + location.hash;
    if (address == told) return;
    told = address;
    opener.postMessage({ logdig: 'ready', address, width: innerWidth }, origin);
  };
  window.addEventListener('message', ({ data, source, origin: from }) => {
    if (source != opener || from != origin || data?.logdig != 'map') return;
    setStaff(true);
    map ||= makeMap();
    map.show(checked(data));
  });
  for (const method of ['pushState', 'replaceState']) afterCall(history, method, () => afterFrame(ready));
  window.addEventListener('popstate', () => afterFrame(ready));
  ready();
};
