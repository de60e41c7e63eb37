/**
 * Makes events. What only the moment knows is taken at once; storage is written a little later, off the input's path,
 * or at once when the page hides.
 */

import { cleanAddress } from './address.js';
import { agreed } from './consent.js';
import { guarded } from './guard.js';
import { alone } from './lock.js';
import { pageView } from './page.js';
import { add, trim } from './queue.js';
import { randomText } from './text.js';
import { countLoad, storeCustomer, storedCustomer, takeTurn, userKey } from './visitor.js';

const EVENT_ID_LENGTH = 22;
/** When no frame is drawn (covered window, background): write anyway. */
const LATEST_MS = 500;

/**
 * @typedef {object} Fresh
 * @property {Record<string, any>} event
 * @property {import('./page.js').PageView} page
 * @property {(() => object) | undefined} later what is measured only when a frame has been laid out
 * @property {number} at milliseconds by the browser's clock
 */

/** @type {Fresh[]} */
let fresh = [];

/** @type {string | null | undefined} undefined = not read yet */
let customer;

/** @type {(waiting: number) => void} */
let afterwards = () => {};

/** @param {typeof afterwards} work is told how many events wait after some were stored */
export const whenStored = (work) => {
  afterwards = work;
};

export const customerId = () => (customer === undefined ? (customer = storedCustomer()) : customer);

/**
 * Say who the visitor is from now on. It is stored with the next event, so never without consent.
 * @param {string | null} id
 */
export const setCustomer = (id) => {
  customer = id;
};

/**
 * @param {string} type
 * @param {object} own part of this type
 * @param {() => object} [later] more of it, asked for after the next frame
 */
export const record = (type, own, later) => {
  const consent = agreed();
  if (!consent.analytics) return;
  const page = pageView();
  const at = Date.now();
  const event = {
    event_id: randomText(EVENT_ID_LENGTH),
    type,
    timestamp: new Date(at).toISOString(),
    page_view_id: page.id,
    current_page: cleanAddress(location.href),
    spent_milli_sec: Math.round(performance.now() - page.began),
    customer_id: customerId(),
    page_version: document.documentElement.dataset.logdigVersion,
    consent,
    ...own,
  };
  fresh.push({ event, page, later, at });
  if (fresh.length == 1) storeSoon();
};

const storeSoon = () => {
  const store = () => fresh.length && alone('store', guarded(() => storeNow()));
  requestAnimationFrame(() => setTimeout(store));
  setTimeout(store, LATEST_MS);
};

/**
 * Give each event its turn and store it.
 * @param {boolean} [hurried] the page goes: measure nothing, layout would cost
 */
export const storeNow = (hurried = false) => {
  const events = fresh;
  fresh = [];
  if (!events.length) return;
  storeCustomer(customerId());
  for (const { event, page, later, at } of events) {
    page.counted ||= countLoad();
    add({
      ...event,
      ...(hurried ? {} : later?.()),
      user_key: userKey(),
      load_count: page.counted,
      ...takeTurn(at),
    });
  }
  afterwards(trim());
};

/** Forget what is not stored yet. */
export const forgetFresh = () => {
  fresh = [];
  customer = null;
};
