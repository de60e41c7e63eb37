/** What `logdig(name, ...)` does, one function a command. */

import { agreed, noteConsent, optInAgain, optOutForGood } from './consent.js';
import { makeDecide } from './decide.js';
import { beginPageView, pagePart, whenShown } from './page.js';
import { readProps } from './props.js';
import { forgetFresh, record, setCustomer, storeNow } from './recorder.js';
import { clean, readId } from './text.js';
import { send } from './transport.js';
import { view } from './view.js';
import { forgetVisitor } from './visitor.js';
import { warn } from './warn.js';

/** @typedef {import('./config.js').Config} Config */

const NAME_LENGTH = 128;
const ACTIONS = ['view', 'click', 'dismiss'];

/** A new view of the page: every event until the next one belongs to it. */
export const page = () =>
  whenShown(() => {
    beginPageView();
    record('page', {}, () => ({ page: pagePart(), view: view() }));
  });

/**
 * @param {Config} config
 * @param {HTMLScriptElement | null} script
 */
export const makeCommands = (config, script) => ({
  page,
  track,
  listen,
  ad,
  identify,
  consent,
  optOut,
  optIn,
  flush: () => {
    storeNow();
    send();
  },
  decide: makeDecide(config, script),
});

/**
 * @param {unknown} name
 * @param {object} [props]
 */
const track = (name, props) => {
  if (!name) return warn('track needs a name');
  record('custom', { custom: { name: clean(name, NAME_LENGTH), props: readProps(props) } });
};

/**
 * @param {unknown} trackId
 * @param {{zip?: string | null, listened_ms?: number | null, mobile?: boolean}} [props]
 */
const listen = (trackId, { zip = null, listened_ms = null, mobile = isMobile() } = {}) => {
  const track_id = readId(trackId);
  if (track_id == null) return warn(`listen needs the id of a track, got "${trackId}"`);
  record('listen', { listen: { track_id, mobile, zip: zip == null ? null : clean(zip, 64), listened_ms } });
};

const isMobile = () => {
  const known = /** @type {any} */ (navigator).userAgentData;
  return known ? known.mobile : /Mobi/.test(navigator.userAgent);
};

/**
 * @param {unknown} name
 * @param {string} action
 * @param {unknown} [decisionId]
 * @param {string} [placement]
 */
const ad = (name, action, decisionId, placement) => {
  if (!name || !ACTIONS.includes(action)) return warn(`ad needs a name and one of ${ACTIONS}, got "${name}", "${action}"`);
  record('ad', {
    ad: {
      name: clean(name, NAME_LENGTH),
      action,
      decision_id: readId(decisionId),
      placement: placement == null ? null : clean(placement, 64),
    },
  });
};

/** @param {unknown} id null = the customer left */
const identify = (id) => {
  const customer = readId(id);
  if (customer == null && id != null) return warn(`identify needs the customer's id, got "${id}"`);
  setCustomer(customer);
  if (customer != null) record('identify', {});
};

/** @param {Record<string, unknown>} answer */
const consent = (answer) => {
  const before = agreed();
  storeNow();
  noteConsent(answer);
  follow(before);
};

const optOut = () => {
  forgetFresh();
  optOutForGood();
};

const optIn = () => {
  const before = agreed();
  optInAgain();
  follow(before);
};

/**
 * Begin or end what a change of consent begins or ends.
 * @param {{analytics: boolean}} before
 */
const follow = (before) => {
  const { analytics } = agreed();
  if (analytics && !before.analytics) page();
  if (!analytics) forgetVisitor();
};
