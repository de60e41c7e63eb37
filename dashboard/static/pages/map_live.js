// Names of elements, and the same map on the live page: the page's own overlay draws what is sent from here.

import { get, request } from '/static/lib/address.js';
import { ask } from '/static/lib/ask.js';
import { safeLink } from '/static/lib/element.js';
import { number, percent, t } from '/static/lib/words.js';

import { MODES, bandsOf, perClick, reasonOf, shapesOf } from './map_shapes.js';

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
  page.address = data.address;
  const width = WIDTHS.find((one) => data.width >= one * 0.8) ?? WIDTHS.at(-1);
  const shared = { page: null, address: data.address, compare: 'none', devices: get('devices') || null };
  const of = get('of') || null;
  const marks = ['movement', 'scroll', 'frustration', ...(of ? ['releases'] : [])].join();
  const sent = await ask(request('map/view', { ...shared, width, marks, of })).then(sentOf, refusedOf);
  // A single-page application may be at its next page by now.
  if (page.address == data.address) source.postMessage(sent, origin);
});

/** The account's words. */
const words = () => [...['placed', 'fallback', 'hidden', 'unplaced'].map((kind) => t(`map.account.${kind}`)), t('map.mode')];

/** What the page shows when there is no map: why. */
function refusedOf({ cannot, message }) {
  const note = reasonOf({ cannot, error: message });
  return { logdig: 'map', asked: [], told: [], words: words(), modes: [{ title: t('map.modes.clicks'), unit: '', note, cells: [], missing: 0, per: 0, boxes: [], bands: [] }], at: 0 };
}

/** All modes as heat, boxes and bands, with the words that stand beside them. */
function sentOf(view) {
  const moves = view.movement.error ? { cells: [], asked: [] } : view.movement;
  const index = new Map(view.asked.map((pair, place) => [JSON.stringify(pair), place]));
  const indexOf = ({ selector, link }) => index.get(JSON.stringify([selector, link]));
  const moved = moves.cells.map(([element, ...rest]) => [element === null ? null : element + view.asked.length, ...rest]);
  const fold = view.scroll.account?.fold_px;
  const modes = MODES.map((mode) => {
    const moving = mode == 'movement';
    return {
      title: t(`map.modes.${mode}`),
      unit: t(moving ? 'map.account.ms' : 'map.account.clicks'),
      note: noteOf(view, mode),
      cells: moving ? moved : view.cells,
      missing: moving ? 0 : view.without_place,
      per: ['clicks', 'movement'].includes(mode) ? perClick(mode, view) : 0,
      boxes: shapesOf(view, mode).flatMap(({ row, colour, badge }) => (indexOf(row) === undefined ? [] : [[indexOf(row), colour, badge]])),
      bands: mode == 'scroll' ? [
        ...bandsOf(view).map(({ top, share, colour, badge }) => [top, share, 0, 0, 0, colour, badge]),
        ...(fold ? [[0, 0, fold, 2, 60, '#0f172a', t('map.fold')]] : []),
      ] : [],
    };
  });
  return {
    logdig: 'map',
    asked: [...view.asked, ...moves.asked],
    told: view.elements.rows.flatMap((row) => (indexOf(row) === undefined ? [] : [[indexOf(row), toldOf(row)]])),
    words: words(),
    modes,
    at: Math.max(0, MODES.indexOf(get('mode'))),
  };
}

function noteOf(view, mode) {
  if (mode == 'releases' && !view.releases) return t('map.chooseRelease');
  if (view[mode]?.error) return reasonOf(view[mode]);
  return `${t(`map.legend.${mode}`).replace(/:$/, '')} · ${t('map.views', { views: number(view.elements.account.views ?? 0) })}`;
}

/** What is said of an element under the pointer. */
export const toldOf = (row) => t('map.tip', {
  clicks: number(row.clicks), rate: number(row.clicks_per_100_views ?? 0, 2), share: percent(row.share, 1), low: percent(row.low, 1), high: percent(row.high, 1),
});
