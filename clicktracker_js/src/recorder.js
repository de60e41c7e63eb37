/**
 * Makes events. What only the moment knows is taken at once; storage is written a little later, off the input's path,
 * or at once when the page hides.
 */

import { cleanAddress } from './address.js';
import { agreed } from './consent.js';
import { EVENT_ID_LENGTH, STORE_MS } from './limits.js';
import { alone } from './lock.js';
import { add, trim } from './queue.js';
import { randomText } from './random.js';
import { readVisitor, takeTurn, writeVisitor } from './visitor.js';

/** @typedef {{id: string, began: number, load: number}} PageView `load` is counted when its first event is stored */
/** @typedef {Record<string, any>} Event */

/** @type {{event: Event, page: PageView, later?: () => object}[]} */
let fresh = [];

/** @type {PageView} */
let page;

/** @type {string | null} */
let customer;

/** @type {() => void} */
let afterwards;

/** @param {() => void} work is done after events were stored */
export const setUpRecorder = (work) => {
  afterwards = work;
  customer = readVisitor().customer;
};

/** Everything from now on belongs to a new view. */
export const beginPageView = () => {
  page = { id: randomText(), began: performance.now(), load: 0 };
};

export const customerId = () => customer;

/**
 * Say who the visitor is from now on; stored only with consent.
 * @param {string | null} id
 */
export const setCustomer = (id) => {
  customer = id;
  alone(() => agreed().analytics && writeVisitor({ ...readVisitor(), customer }));
};

/**
 * @param {string} type
 * @param {object} own part of this type
 * @param {() => object} [later] more of it, asked for when a frame has been laid out; not when the page goes first
 */
export const record = (type, own, later) => {
  const consent = agreed();
  if (!consent.analytics) return;
  const event = {
    event_id: randomText(EVENT_ID_LENGTH),
    type,
    timestamp: new Date(),
    page_view_id: page.id,
    current_page: cleanAddress(location.href),
    spent_milli_sec: Math.round(performance.now() - page.began),
    customer_id: customer,
    page_version: document.documentElement.dataset.logdigVersion,
    consent,
    ...own,
  };
  if (fresh.push({ event, page, later }) > 1) return;
  const store = () => alone(storeNow);
  requestAnimationFrame(() => setTimeout(store));
  setTimeout(store, STORE_MS);
};

/**
 * Give each event its place and store it.
 * @param {any} [hurried] the page goes: measure nothing, layout would cost
 */
export const storeNow = (hurried = false) => {
  const events = fresh;
  fresh = [];
  if (!events[0]) return;
  const visitor = readVisitor();
  for (const { event, page, later } of events) {
    page.load ||= ++visitor.loads;
    if (!hurried && later) Object.assign(event, later());
    Object.assign(event, { user_key: visitor.user, load_count: page.load }, takeTurn(visitor, +event.timestamp));
    add(event, ++visitor.made);
  }
  writeVisitor(visitor);
  trim();
  afterwards();
};

/** Forget what is not stored yet, and who the visitor is. */
export const forgetFresh = () => {
  fresh = [];
  customer = null;
};
