/** What `logdig(name, ...)` does: one function a command. The collector validates the values. */

import { currentConsent, optIn, optOut, purposesOf, readConsent, saveConsent } from './consent.js';
import { report } from './engagement.js';
import { toJson } from './lib/json.js';
import { loadPart } from './loader.js';
import { openPage } from './page.js';
import { inTurn } from './queue.js';
import { customerIdOf, pageView, readIdentity, record, saveIdentity, storePending } from './recorder.js';
import { holdLeft } from './retry.js';
import { readHold, sendQueue } from './transport.js';
import { forgetVisitor } from './visitor.js';

/** Ids given as numbers become text. @param {unknown} id @returns {any} */
const idText = (id) => (id == null ? null : '' + id);

/** Record a copy, since the page may change its object later. @param {string} type @param {object} part */
const recordCopy = (type, part) => record(type, { [type]: JSON.parse(toJson(part)) });

/**
 * Change the consent, then do what follows: forget the visitor, or begin a page view, if the first one has begun.
 * @param {() => void} change
 * @param {boolean} [newView] begin a page view even if consent was given before
 */
const applyConsent = (change, newView) => {
  const before = currentConsent();
  change();
  if (!currentConsent().analytics) forgetVisitor();
  else if (pageView && (newView || !before.analytics)) openPage();
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

/** @type {Record<string, (...values: any[]) => any>} */
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
    const customer_id = customerIdOf(id);
    if (customer_id === undefined) throw Error('no id of 1 to 128 characters: ' + id);
    saveIdentity({ customer_id });
    if (customer_id) record('identify', {});
  },

  consent: (answer) => {
    const purposes = purposesOf(answer);
    changeConsent(() => saveConsent(purposes));
    return purposes;
  },

  optOut: () => changeConsent(optOut),

  optIn: () => changeConsent(optIn),

  flush: () => {
    const hold = readHold();
    // Without a status, a request is under way.
    if (hold.status != null && holdLeft(hold)) loadPart('debug', hold, false);
    inTurn(() => {
      storePending();
      return sendQueue();
    });
  },

  staff: (isStaff) => saveIdentity({ staff: isStaff === true }),

  experiment: (...values) => loadPart('experiment', ...values),

  debug: (on) => loadPart('debug', readHold(), on),

  decide: (placement, answer) => loadPart('decide', placement).then(answer),
};
