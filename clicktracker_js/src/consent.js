/** Who agreed to what. Signals of the browser win over everything, an opt-out over consent. */

import { list, read, readJson, remove, write, writeJson } from './storage.js';
import { warn } from './warn.js';

/** @typedef {{analytics: boolean, ads: boolean}} Consent */

const OPT_OUT = 'out';
const CONSENT = 'consent';

/** @type {{consent: string, respectGpc: boolean}} */
let settings = { consent: 'ask', respectGpc: true };

/** @type {Partial<Consent>} */
let given = {};

/** @param {typeof settings} config */
export const setUpConsent = (config) => {
  settings = config;
  given = readJson(CONSENT) || {};
};

/** Global Privacy Control or Do Not Track. */
const signalled = () => {
  const asked = /** @type {any} */ (navigator);
  return settings.respectGpc && (asked.globalPrivacyControl || asked.doNotTrack == '1');
};

/** Whether nothing may be stored or sent, whatever is called. */
export const silenced = () => signalled() || read(OPT_OUT) != null;

/** Leave nothing stored but the opt-out itself. */
export const optOutForGood = () => {
  list('').forEach(remove);
  given = {};
  write(OPT_OUT, '1');
};

export const optInAgain = () => remove(OPT_OUT);

/** @returns {Consent} what holds now */
export const agreed = () =>
  silenced()
    ? { analytics: false, ads: false }
    : { analytics: settings.consent != 'ask', ads: settings.consent == 'all', ...given };

/**
 * Note an answer; purposes that are not named stay as they are.
 * @param {Record<string, unknown>} answer
 */
export const noteConsent = (answer) => {
  for (const purpose of /** @type {const} */ (['analytics', 'ads'])) {
    const value = answer?.[purpose];
    if (value === undefined) continue;
    if (typeof value != 'boolean') warn(`consent for ${purpose} is ${value}, not true or false; taken as refused`);
    given[purpose] = value === true;
  }
  if (!silenced()) writeJson(CONSENT, given);
};
