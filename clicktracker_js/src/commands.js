/** What `logdig(name, ...)` does: one function a command. The collector validates the values. */

import { currentConsent, optIn, optOut, readConsent, saveConsent } from './consent.js';
import { report } from './engagement.js';
import { toJson } from './lib/json.js';
import { withLock } from './lib/lock.js';
import { DECIDE_MS, SHARED_MS } from './limits.js';
import { loadPart } from './loader.js';
import { openPage } from './page.js';
import { LOCK, readIdentity, record, saveIdentity, storePending } from './recorder.js';
import { send } from './transport.js';
import { forgetVisitor } from './visitor.js';
import { warn } from './warn.js';

/** Ids given as numbers become text. @param {unknown} id @returns {any} */
const idText = (id) => (id == null ? null : '' + id);

/** Record a copy, since the page may change its object later. @param {string} type @param {object} part */
const recordCopy = (type, part) => record(type, { [type]: JSON.parse(toJson(part)) });

/**
 * Change the consent, then do what follows: forget the visitor, or begin a page view.
 * @param {() => void} change
 * @param {boolean} [newView] begin a page view even if consent was given before
 */
const applyConsent = (change, newView) => {
  const before = currentConsent();
  change();
  if (!currentConsent().analytics) forgetVisitor();
  else if (newView || !before.analytics) openPage();
};

/** Events made before the change are stored first. @param {() => void} change */
const changeConsent = (change) => {
  storePending();
  applyConsent(change);
  saveIdentity({});
};

/** Take over changes made in another tab. @param {boolean} [restored] the page was restored and may have missed some */
export const syncWithTabs = (restored) =>
  applyConsent(() => {
    readIdentity();
    readConsent();
  }, restored);

/** @type {Record<string, (...values: any[]) => void>} */
export const commands = {
  page: () => {
    report();
    openPage();
  },

  track: (name, props) => recordCopy('custom', { name, props }),

  listen: (id, props) => recordCopy('listen', { track_id: idText(id), mobile: /Mobi/.test(navigator.userAgent), ...props }),

  ad: (name, action, id, placement) => recordCopy('ad', { name, action, decision_id: idText(id), placement }),

  /** Null or nothing: the customer left. An invalid id is refused here, since the collector would reject all later events. */
  identify: (id) => {
    const customer_id = idText(id) || null;
    if (/^\[object|[\0-\x1f]|.{129}/.test(customer_id)) throw Error('no id of 1 to 128 characters: ' + id);
    saveIdentity({ customer_id });
    if (customer_id) record('identify', {});
  },

  consent: (answer) => changeConsent(() => saveConsent(answer)),

  optOut: () => changeConsent(optOut),

  optIn: () => changeConsent(optIn),

  flush: () =>
    withLock(LOCK, SHARED_MS, () => {
      storePending();
      return send();
    }),

  staff: (isStaff) => saveIdentity({ staff: isStaff === true }),

  experiment: (...values) => loadPart('experiment', ...values),

  debug: (...values) => loadPart('debug', ...values),

  /** The callback always gets one answer within a second. */
  decide: (placement, callback) => {
    const timeout = new Promise((resolve) => setTimeout(resolve, DECIDE_MS));
    Promise.race([loadPart('decide', placement), timeout])
      .then((answer) => callback(answer || { decision: 'suppress', reason: 'timeout' }))
      .catch((error) => warn('decide', error));
  },
};
