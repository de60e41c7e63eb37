/** Who agreed to what. Signals of the browser win over everything, an opt-out over consent. */

import { warn } from './bring.js';
import { config } from './config.js';
import { list, read, remove, write } from './storage.js';

const KEY = 'logdig:consent';

/** @type {{analytics?: boolean, ads?: boolean, out?: boolean}} the answer that was given, or the opt-out */
let given = {};

export const readConsent = () => {
  given = read(KEY) || {};
  // Another tab may have stored something before it heard of the opt-out.
  if (given.out) optOut();
};

/** Whether nothing may be stored or sent, whatever is called. */
export const silenced = () => given.out || config.denied();

/** What holds now. */
export const agreed = () => (silenced() ? { analytics: false, ads: false } : { ...config.consent, ...given });

/**
 * Note an answer; purposes that are not named stay as they are.
 * @param {Record<string, unknown>} answer
 */
export const noteConsent = (answer) => {
  for (const purpose of /** @type {const} */ (['analytics', 'ads'])) {
    const value = answer[purpose];
    if (value === undefined) continue;
    given[purpose] = value === true;
    if (given[purpose] !== value) warn(`consent for ${purpose} is "${value}", taken as refused`);
  }
  if (!silenced()) write(KEY, given);
};

/** Leave nothing stored but the opt-out itself. */
export const optOut = () => {
  list('logdig:').forEach((key) => key == KEY || remove(key));
  write(KEY, (given = { out: true }));
};

export const optIn = () => {
  remove(KEY);
  given = {};
};
