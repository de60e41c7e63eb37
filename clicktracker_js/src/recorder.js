/**
 * Makes events. What only the moment knows is taken at once; storage is written off the input's path, when what follows
 * an event is known too, or at once when the page hides.
 */

import { attempt } from './attempt.js';
import { config } from './config.js';
import { agreed } from './consent.js';
import { EVENT_ID_LENGTH, LONGEST_VIEW_MS, SETTLED_MS, STORE_EVENTS, STORE_MS } from './limits.js';
import { alone } from './lock.js';
import { add, trim } from './queue.js';
import { randomText } from './random.js';
import { read, remove, write } from './storage.js';
import { sendWhenFull } from './transport.js';
import { pageVersion } from './version.js';
import { readVisitor, takeTurn, writeVisitor } from './visitor.js';

/**
 * What all events of a view have in common.
 * @typedef {object} PageView
 * @property {string} page_view_id
 * @property {string | undefined} current_page
 * @property {number} [load_count] is counted when its first event is stored
 * @property {string} [page_version]
 */

const KNOWN = 'logdig:known';

/** @type {{at: number, ripe: number, page: PageView, said: object, own: Record<string, any>}[]} made, but not stored */
export const fresh = [];

/** @type {PageView} */
export let page;

/** When it began, by the page's own clock. */
let began = 0;

/** @type {{customer_id: string | null, staff?: boolean}} what the site said about the visitor; on every event */
export let known;

/** At the start, so that no event need read it from storage. */
export const readKnown = () => {
  known = read(KNOWN) || { customer_id: null };
};

/** What holds for this page only, and also for events that are not stored yet. @type {Record<string, any>} */
export const facts = {};

/**
 * Everything from now on belongs to a new view.
 * @param {string | undefined} current_page its address
 */
export const beginPageView = (current_page) => {
  page = { page_view_id: randomText(), current_page };
  began = performance.now();
};

export const pageAge = () => Math.min(Math.round(performance.now() - began), LONGEST_VIEW_MS);

/**
 * Note what the site says about the visitor; stored only with consent.
 * @param {Partial<typeof known>} said
 */
export const noteKnown = (said) => {
  known = { ...known, ...said };
  if (agreed().analytics) write(KNOWN, known);
  else remove(KNOWN);
};

/**
 * @param {string} type
 * @param {Record<string, any>} own part of this type; what is added to it before the event is stored comes along
 */
export const record = (type, own) => {
  const consent = agreed();
  if (!consent.analytics) return;
  const said = { type, spent_milli_sec: pageAge(), consent, ...known };
  if (fresh.push({ at: Date.now(), ripe: performance.now() + SETTLED_MS, page, said, own }) == 1)
    setTimeout(storeSettled, SETTLED_MS);
};

/** Store what is old enough for its effects to be known, a few at a time, as long as there is anything. */
const storeSettled = () =>
  alone(() => {
    const stored = storeNow(fresh.slice(0, STORE_EVENTS).filter(({ ripe }) => ripe <= performance.now()).length);
    if (fresh[0]) setTimeout(storeSettled, fresh[0].ripe + STORE_MS - performance.now());
    return stored;
  });

/**
 * Give events their places and store them, in the order of making; none if consent was withdrawn in another tab.
 * @param {number} [count] so many of the oldest; all of them when nothing is said
 * @returns {boolean} whether there was any
 */
export const storeNow = (count = fresh.length) => {
  if (!count) return false;
  const events = fresh.splice(0, count);
  if (!agreed().analytics) return false;
  const visitor = readVisitor();
  for (const { at, page, said, own } of events)
    attempt(() => {
      page.load_count ||= ++visitor.loads;
      page.page_version ||= pageVersion();
      const kept = config.filter({
        event_id: randomText(EVENT_ID_LENGTH),
        timestamp: new Date(at).toISOString(),
        ...page,
        ...said,
        ...own,
        ...facts,
        user_key: visitor.user,
      });
      if (kept) add(Object.assign(kept, takeTurn(visitor, at)), ++visitor.made);
    });
  writeVisitor(visitor);
  trim();
  sendWhenFull();
  return true;
};
