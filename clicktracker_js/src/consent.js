/** The visitor's consent. Privacy signals of the browser win over everything, an opt-out wins over consent. */

import { config } from './config.js';
import { list, read, remove, write } from './lib/storage.js';
import { warn } from './warn.js';

const KEY = 'logdig:consent';

/** @type {{analytics?: boolean, ads?: boolean, out?: boolean}} the visitor's answer, or the opt-out */
let stored = {};

export const readConsent = () => {
  stored = read(KEY) || {};
  // Another tab may have stored something before it noticed the opt-out.
  if (stored.out) optOut();
};

/** Whether nothing may be stored or sent. */
export const isOptedOut = () => stored.out || config.isBlocked();

export const currentConsent = () =>
  isOptedOut() ? { analytics: false, ads: false } : { ...config.consent, ...stored };

/**
 * Save an answer; purposes that it does not name stay as they are.
 * @param {Record<string, unknown>} answer
 */
export const saveConsent = (answer) => {
  for (const purpose of /** @type {const} */ (['analytics', 'ads'])) {
    const value = answer[purpose];
    if (value === undefined) continue;
    stored[purpose] = value === true;
    if (stored[purpose] !== value) warn(`consent for ${purpose} is "${value}", taken as refused`);
  }
  if (!isOptedOut()) write(KEY, stored);
};

/** Delete everything stored but the opt-out itself. */
export const optOut = () => {
  list('logdig:').forEach((key) => key == KEY || remove(key));
  write(KEY, (stored = { out: true }));
};

export const optIn = () => {
  remove(KEY);
  stored = {};
};
