/** The map on the live page; loaded only in a window that a dashboard has opened for it. */

import { afterFrame } from '../lib/attempt.js';
import { afterCall } from '../lib/wrap.js';
import { makeMap } from '../overlay-map.js';

const LOOPBACK = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
/** More than a map has; the rest is left out. */
const MOST = 20_000;

/** @param {unknown} value */
const isNumber = (value) => typeof value == 'number' && isFinite(value);
/** @param {unknown} value @param {(one: any) => boolean} isRight @returns {any[]} */
const listOf = (value, isRight) => (Array.isArray(value) ? value.slice(0, MOST).filter(isRight) : []);

/** What may be drawn of a message: numbers and selectors, nothing else. @param {any} data */
const checked = ({ asked, cells, rows, views, missing }) => ({
  asked: listOf(asked, (one) => Array.isArray(one) && typeof one[0] == 'string' && (one[1] === null || typeof one[1] == 'string')),
  cells: listOf(cells, (one) => Array.isArray(one) && isNumber(one[6]) && [0, 2, 3, 4, 5].every((place) => one[place] === null || isNumber(one[place]))),
  rows: listOf(rows, (one) => Array.isArray(one) && one.length == 5 && one.every(isNumber)),
  views: isNumber(views) ? views : 0,
  missing: isNumber(missing) ? missing : 0,
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
    map ||= makeMap(location.pathname);
    map.show(checked(data));
  });
  for (const method of ['pushState', 'replaceState']) afterCall(history, method, () => afterFrame(ready));
  window.addEventListener('popstate', () => afterFrame(ready));
  ready();
};
