// Names of elements, and the same map on the live page: the page's own overlay draws it from numbers and selectors.

import { request } from '/static/lib/address.js';
import { ask } from '/static/lib/ask.js';
import { safeLink } from '/static/lib/element.js';

const WIDTHS = [1440, 820, 390];
const ANSWER_MS = 8000;
/** Windows that were opened here, with the origin of their page. */
const opened = new Map();

/** What an element is called, as people read it: its name, then what it is. */
export function nameOf(place, { selector, tag }) {
  const kind = place?.role || tag || '';
  const last = selector.split(' ').at(-1);
  const name = place?.name || /(?:#|="|\.)([^"#.\s>]+)"?\]?(?::.*)?$/.exec(last)?.[1] || last;
  return kind ? `${name}, ${kind}` : name;
}

/**
 * Opens the page itself; its overlay says `ready`, and gets the cells of the page that it shows.
 * @returns {Promise<boolean>} whether the page has answered
 */
export function openLive(address) {
  const safe = safeLink(address);
  if (!safe) return Promise.resolve(false);
  // The name tells the overlay whom it may listen to; the page is opened anew so that the script reads it.
  const page = window.open(safe, `logdig-map ${location.origin}`);
  if (!page) return Promise.resolve(false);
  return new Promise((done) => {
    opened.set(page, { origin: new URL(safe).origin, answered: () => done(true) });
    setTimeout(() => done(false), ANSWER_MS);
  });
}

addEventListener('message', async ({ source, origin, data }) => {
  const page = opened.get(source);
  if (!page || page.origin != origin || data?.logdig != 'ready' || typeof data.address != 'string') return;
  page.answered();
  const width = WIDTHS.find((one) => data.width >= one * 0.8) ?? WIDTHS.at(-1);
  const view = await ask(request('map/view', { page: null, address: data.address, compare: 'none', width }));
  const place = new Map(view.asked.map((pair, index) => [JSON.stringify(pair), index]));
  const rows = view.elements.rows.flatMap((row) => {
    const index = place.get(JSON.stringify([row.selector, row.link]));
    return index === undefined ? [] : [[index, row.clicks_per_100_views ?? 0, row.share, row.low, row.high]];
  });
  source.postMessage({ logdig: 'map', asked: view.asked, cells: view.cells, rows, views: view.elements.account.views ?? 0, missing: view.without_place }, origin);
});
