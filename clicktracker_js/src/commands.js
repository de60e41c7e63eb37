/** What `logdig(name, ...)` does, one function a command. The collector judges what they are given. */

import { bring, warn } from './bring.js';
import { agreed, noteConsent, optIn, optOut, readConsent } from './consent.js';
import { toJson } from './json.js';
import { DECIDE_MS } from './limits.js';
import { alone } from './lock.js';
import { openPage } from './page.js';
import { tell } from './reading.js';
import { noteKnown, readKnown, record, storeNow } from './recorder.js';
import { send } from './transport.js';
import { forgetVisitor } from './visitor.js';

/** Ids given as numbers become text. @param {unknown} id @returns {any} */
const text = (id) => (id == null ? null : '' + id);

/** Record as it is now, whatever the page does with it later. @param {string} type @param {object} part */
const recordCopy = (type, part) => record(type, { [type]: JSON.parse(toJson(part)) });

/**
 * Do what follows from a change of consent.
 * @param {() => void} change
 * @param {boolean} [anew] a new page view begins in any case
 */
const settle = (change, anew) => {
  const before = agreed();
  change();
  if (!agreed().analytics) forgetVisitor();
  else if (anew || !before.analytics) openPage();
};

/** @param {() => void} change of consent, made here */
const withConsent = (change) => {
  storeNow();
  settle(change);
  noteKnown({});
};

/** What another tab has noted holds here too. @param {boolean} [back] the page is shown again, and heard nothing meanwhile */
export const followTabs = (back) =>
  settle(() => {
    readKnown();
    readConsent();
  }, back);

/** @type {Record<string, (...values: any[]) => void>} */
export const commands = {
  page: () => {
    tell();
    openPage();
  },

  track: (name, props) => recordCopy('custom', { name, props }),

  listen: (id, props) => recordCopy('listen', { track_id: text(id), mobile: /Mobi/.test(navigator.userAgent), ...props }),

  ad: (name, action, id, placement) => recordCopy('ad', { name, action, decision_id: text(id), placement }),

  /** Null or nothing = the customer left. What is no id would have the collector refuse every later event. */
  identify: (id) => {
    const customer_id = text(id) || null;
    if (/^\[object|[\0-\x1f]|.{129}/.test(customer_id)) throw Error('no id of 1 to 128 characters: ' + id);
    noteKnown({ customer_id });
    if (customer_id) record('identify', {});
  },

  consent: (answer) => withConsent(() => noteConsent(answer)),

  optOut: () => withConsent(optOut),

  optIn: () => withConsent(optIn),

  flush: () =>
    alone(() => {
      storeNow();
      return send();
    }),

  staff: (is) => noteKnown({ staff: is === true }),

  experiment: (...values) => bring('experiment', ...values),

  debug: (...values) => bring('debug', ...values),

  /** The callback gets one answer, within a second, whatever happens. */
  decide: (placement, callback) => {
    const late = new Promise((resolve) => setTimeout(resolve, DECIDE_MS));
    Promise.race([bring('decide', placement), late])
      .then((answer) => callback(answer || { decision: 'suppress', reason: 'timeout' }))
      .catch((error) => warn('decide', error));
  },
};
