/**
 * Makes events. Values that change are read at once. Events are stored later, outside of input handlers, when their
 * effects are known; or at once when the page hides.
 */

import { config } from './config.js';
import { currentConsent } from './consent.js';
import { attempt } from './lib/attempt.js';
import { randomText } from './lib/random.js';
import { read, remove, restore, write } from './lib/storage.js';
import { EVENT_ID_LENGTH, LONGEST_VIEW_MS, SETTLED_MS, STORE_EVENTS, STORE_MS } from './limits.js';
import { enqueue, inTurn, trimQueue } from './queue.js';
import { sendWhenFull } from './transport.js';
import { pageVersion } from './version.js';
import { advanceSession, readVisitor, writeVisitor } from './visitor.js';

/**
 * Fields that all events of a page view share.
 * @typedef {object} PageView
 * @property {string} page_view_id
 * @property {string | undefined} current_page
 * @property {number} [load_count] set when its first event is stored
 * @property {string} [page_version] likewise
 */

const IDENTITY = 'logdig:known';

/**
 * Events that are not stored yet; `part` is the part of the event's own type.
 * @type {{madeAt: number, readyAt: number, pageView: PageView, shared: object, part: Record<string, any>}[]}
 */
export const pending = [];

/** @type {PageView} undefined before the first one begins */
export let pageView;

/** Start of the page view, by the page's own clock. */
let startedAt = 0;

/** @type {{customer_id: string | null, staff?: boolean}} what the site said about the visitor; on every event */
export let identity;

/**
 * An id of the site's own, as text; null = none, undefined = not one that the collector accepts.
 * @param {any} id
 * @returns {string | null | undefined}
 */
export const customerIdOf = (id) => {
  const text = typeof id == 'number' && id * 0 == 0 ? '' + id : id;
  return text == null || text === '' ? null : /^[^\0-\x1f\x7f-\x9f]{1,128}$/u.test(text) && text.trim ? text : undefined;
};

/**
 * Kept in memory, so that events need not read it from storage.
 * @param {any} [known] as it was stored, whatever stands there
 * @returns {unknown} the same
 */
export const readIdentity = (known = read(IDENTITY)) => {
  identity = { customer_id: customerIdOf(known.customer_id) ?? null, staff: known.staff === true || undefined };
  return known;
};

/** Fields of all events of this page, pending ones too. @type {Record<string, any>} */
export const pageFields = {};

/**
 * Begin a page view; all later events belong to it.
 * @param {string | undefined} current_page its address
 */
export const beginPageView = (current_page) => {
  pageView = { page_view_id: randomText(), current_page };
  startedAt = performance.now();
};

export const pageAge = () => Math.min(Math.round(performance.now() - startedAt), LONGEST_VIEW_MS);

/**
 * Change what is known about the visitor; stored only with consent.
 * @param {Partial<typeof identity>} changes
 */
export const saveIdentity = (changes) => {
  identity = { ...identity, ...changes };
  if (currentConsent().analytics) write(IDENTITY, identity);
  else remove(IDENTITY);
};

/**
 * @param {string} type
 * @param {Record<string, any>} part of this type; may be changed until the event is stored
 */
export const record = (type, part) => {
  const consent = currentConsent();
  if (!consent.analytics || !pageView) return;
  const shared = { type, spent_milli_sec: pageAge(), consent, ...identity };
  if (pending.push({ madeAt: Date.now(), readyAt: performance.now() + SETTLED_MS, pageView, shared, part }) == 1)
    setTimeout(storeReady, SETTLED_MS);
};

/** Store the events whose effects are known, a few at a time, until none is pending. */
const storeReady = () =>
  inTurn(() => {
    const wrote = storePending(pending.slice(0, STORE_EVENTS).filter(({ readyAt }) => readyAt <= performance.now()).length);
    if (pending[0]) setTimeout(storeReady, pending[0].readyAt + STORE_MS - performance.now());
    return wrote;
  });

/**
 * Number pending events and store them in the order they were made; drop them if another tab withdrew consent.
 * @param {number} [count] how many of the oldest; all by default
 * @returns {boolean} whether there was any
 */
export const storePending = (count = pending.length) => {
  // The page may have cleared localStorage.
  restore();
  if (!count) return false;
  const events = pending.splice(0, count);
  if (!currentConsent().analytics) return false;
  const visitor = readVisitor();
  for (const { madeAt, pageView, shared, part } of events)
    attempt(() => {
      pageView.load_count ||= ++visitor.loads;
      pageView.page_version ||= pageVersion();
      const event = config.filter({
        event_id: randomText(EVENT_ID_LENGTH),
        timestamp: new Date(madeAt).toISOString(),
        ...pageView,
        ...shared,
        ...part,
        ...pageFields,
        user_key: visitor.user,
      });
      if (event) enqueue(Object.assign(event, advanceSession(visitor, madeAt)), ++visitor.made);
    });
  writeVisitor(visitor);
  trimQueue();
  sendWhenFull();
  return true;
};
